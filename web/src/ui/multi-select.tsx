import { Combobox as Base } from "@base-ui/react/combobox";
import { Check, ChevronsUpDown } from "lucide-react";
import { classNames } from "#/lib/class-names.ts";
import styles from "./popup.module.css";
import type { Option } from "./select.tsx";

interface MultiSelectProps {
  label: string;
  options: readonly Option<string>[];
  value: readonly string[];
  onChange: (value: string[]) => void;
  /** What the box says when nothing is chosen, for example "All". */
  none?: string;
  size?: "normal" | "small";
}

/** Several choices of one list; the search box is inside the popup, so that the rest of the page stays reachable. */
export function MultiSelect({ label, options, value, onChange, none = "All", size }: MultiSelectProps) {
  const chosen = options.filter((option) => value.includes(option.value));
  const summary =
    chosen.length === 0
      ? none
      : chosen.length <= 2
        ? chosen.map((one) => one.label).join(", ")
        : `${chosen.length} chosen`;
  return (
    <Base.Root
      multiple
      items={options}
      value={chosen}
      itemToStringLabel={(option: Option<string>) => option.label}
      isItemEqualToValue={(a: Option<string>, b: Option<string>) => a.value === b.value}
      onInputValueChange={(_, details) => {
        // Choosing keeps the search text, so that several matches can be taken in a row.
        if (details.reason === "item-press") details.cancel();
      }}
      onValueChange={(next, details) => {
        // Esc on the closed box would clear the whole selection unseen.
        if (details.reason === "escape-key") details.cancel();
        else onChange(next.map((option) => option.value));
      }}
    >
      <Base.Trigger
        className={classNames(styles.trigger, size === "small" && styles.small)}
        aria-label={`${label}: ${summary}`}
      >
        <span className={styles.value}>
          <span className={styles.prefix}>{label} </span>
          {summary}
        </span>
        <Base.Icon className={styles.caret}>
          <ChevronsUpDown size={14} aria-hidden="true" />
        </Base.Icon>
      </Base.Trigger>
      <Base.Portal>
        <Base.Positioner className={styles.positioner} sideOffset={4} align="start">
          <Base.Popup className={styles.popup} aria-label={label}>
            <Base.Input className={styles.search} placeholder="Search" aria-label={`Search ${label.toLowerCase()}`} />
            <Base.Empty className={styles.empty}>Nothing matches.</Base.Empty>
            <Base.List className={styles.list} tabIndex={-1}>
              {(option: Option<string>) => (
                <Base.Item key={option.value} value={option} className={styles.item}>
                  <Base.ItemIndicator className={styles.mark}>
                    <Check size={14} aria-hidden="true" />
                  </Base.ItemIndicator>
                  <span className={styles.text}>{option.label}</span>
                  {option.detail ? <span className={styles.detail}>{option.detail}</span> : null}
                </Base.Item>
              )}
            </Base.List>
          </Base.Popup>
        </Base.Positioner>
      </Base.Portal>
    </Base.Root>
  );
}
