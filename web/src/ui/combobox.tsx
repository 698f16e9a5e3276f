import { Combobox as Base } from "@base-ui/react/combobox";
import { Check, ChevronsUpDown } from "lucide-react";
import type { ReactNode } from "react";
import { classNames } from "#/lib/class-names.ts";
import { Field, type FieldLinks } from "./field.tsx";
import styles from "./popup.module.css";
import type { Option } from "./select.tsx";

interface ComboboxProps {
  label: string;
  options: readonly Option<string>[];
  value: string | null;
  onChange: (value: string | null) => void;
  placeholder?: string;
  /** A field has its label above, a filter inside the box; a bare one has it for assistive technology only. */
  form?: "field" | "filter" | "bare";
  size?: "normal" | "small";
  hint?: ReactNode;
  error?: string | undefined;
  disabled?: boolean;
}

/** One choice of a long list, found by typing. */
export function Combobox(props: ComboboxProps) {
  if (props.form === "filter" || props.form === "bare") return <Box {...props} />;
  return (
    <Field label={props.label} hint={props.hint} error={props.error}>
      {(links) => <Box {...props} links={links} />}
    </Field>
  );
}

function Box({ links, ...props }: ComboboxProps & { links?: FieldLinks }) {
  const filter = props.form === "filter";
  const inField = !filter && props.form !== "bare";
  const chosen = props.options.find((option) => option.value === props.value) ?? null;
  return (
    <Base.Root
      items={props.options}
      value={chosen}
      disabled={props.disabled}
      itemToStringLabel={(option: Option<string>) => option.label}
      isItemEqualToValue={(a: Option<string>, b: Option<string>) => a.value === b.value}
      onValueChange={(option, details) => {
        // Esc on the closed box would clear the choice unseen.
        if (details.reason === "escape-key") details.cancel();
        else props.onChange(option?.value ?? null);
      }}
    >
      <Base.Trigger
        {...links}
        aria-label={inField ? undefined : `${props.label}: ${chosen?.label ?? "not chosen"}`}
        className={classNames(styles.trigger, !filter && styles.wide, props.size === "small" && styles.small)}
      >
        <span className={styles.value}>
          {filter ? <span className={styles.prefix}>{props.label} </span> : null}
          {chosen?.label ?? props.placeholder ?? "Choose"}
        </span>
        <Base.Icon className={styles.caret}>
          <ChevronsUpDown size={14} aria-hidden="true" />
        </Base.Icon>
      </Base.Trigger>
      <Base.Portal>
        <Base.Positioner className={styles.positioner} sideOffset={4} align="start">
          <Base.Popup className={styles.popup} aria-label={props.label}>
            <Base.Input
              className={styles.search}
              placeholder="Search"
              aria-label={`Search ${props.label.toLowerCase()}`}
            />
            <Base.Empty className={styles.empty}>Nothing matches.</Base.Empty>
            <Base.List className={styles.list} tabIndex={-1}>
              {(option: Option<string>) => (
                <Base.Item key={option.value} value={option} disabled={option.disabled} className={styles.item}>
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
