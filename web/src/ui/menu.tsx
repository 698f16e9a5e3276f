import { cloneElement, lazy, type ReactElement, type ReactNode, Suspense, useRef, useState } from "react";

const MenuPopup = lazy(() => import("./menu-popup.tsx").then((module) => ({ default: module.MenuPopup })));

export interface MenuAction {
  label: string;
  icon?: ReactNode;
  detail?: string | undefined;
  danger?: boolean;
  disabled?: boolean;
  /** For a choice that can be on or off: shows a mark and keeps the menu open. */
  checked?: boolean;
  onSelect: () => void;
}

interface TriggerProps {
  ref?: React.Ref<HTMLButtonElement>;
  onClick?: () => void;
  onKeyDown?: (event: React.KeyboardEvent) => void;
  onPointerEnter?: () => void;
  onFocus?: () => void;
  "aria-haspopup"?: "menu";
  "aria-expanded"?: boolean;
}

interface MenuProps {
  /** The element that opens the menu, a button. */
  trigger: ReactElement<TriggerProps>;
  /** Groups of actions, a line between them. */
  groups: MenuAction[][];
  align?: "start" | "end";
}

const preload = () => void import("./menu-popup.tsx");

/** A button that opens a list of actions. The list's code comes with the first sign of interest. */
export function Menu({ trigger, groups, align = "end" }: MenuProps) {
  const [open, setOpen] = useState(false);
  const [used, setUsed] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const show = () => {
    setUsed(true);
    setOpen(true);
  };
  return (
    <>
      {cloneElement(trigger, {
        ref: button,
        "aria-haspopup": "menu",
        "aria-expanded": open,
        onClick: show,
        onPointerEnter: preload,
        onFocus: preload,
        onKeyDown: (event) => {
          if (event.key !== "ArrowDown") return;
          event.preventDefault();
          show();
        },
      })}
      {used ? (
        <Suspense>
          <MenuPopup open={open} onOpenChange={setOpen} anchor={button} groups={groups} align={align} />
        </Suspense>
      ) : null}
    </>
  );
}
