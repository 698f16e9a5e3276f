import { Menu as Base } from "@base-ui/react/menu";
import { Check } from "lucide-react";
import type { RefObject } from "react";
import { classNames } from "#/lib/class-names.ts";
import type { MenuAction } from "./menu.tsx";
import styles from "./popup.module.css";

interface MenuPopupProps {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  anchor: RefObject<HTMLButtonElement | null>;
  groups: MenuAction[][];
  align: "start" | "end";
}

/** The list of a menu. */
export function MenuPopup({ open, onOpenChange, anchor, groups, align }: MenuPopupProps) {
  return (
    <Base.Root open={open} onOpenChange={onOpenChange}>
      <Base.Portal>
        <Base.Positioner className={styles.positioner} anchor={anchor} sideOffset={4} align={align}>
          <Base.Popup className={styles.popup} finalFocus={anchor}>
            {groups.map((actions, place) => (
              <Base.Group key={actions[0]?.label ?? place}>
                {place > 0 ? <Base.Separator className={styles.separator} /> : null}
                {actions.map((action) => (
                  <Item key={action.label} action={action} />
                ))}
              </Base.Group>
            ))}
          </Base.Popup>
        </Base.Positioner>
      </Base.Portal>
    </Base.Root>
  );
}

function Item({ action }: { action: MenuAction }) {
  const className = classNames(styles.item, action.danger && styles.danger);
  const text = (
    <>
      <span className={styles.text}>{action.label}</span>
      {action.detail ? <span className={styles.detail}>{action.detail}</span> : null}
    </>
  );
  if (action.checked !== undefined) {
    return (
      <Base.CheckboxItem
        className={className}
        closeOnClick={false}
        checked={action.checked}
        disabled={action.disabled}
        onCheckedChange={action.onSelect}
      >
        <Base.CheckboxItemIndicator className={styles.mark}>
          <Check size={14} aria-hidden="true" />
        </Base.CheckboxItemIndicator>
        {text}
      </Base.CheckboxItem>
    );
  }
  return (
    <Base.Item className={className} disabled={action.disabled} onClick={action.onSelect}>
      <span className={styles.mark}>{action.icon}</span>
      {text}
    </Base.Item>
  );
}
