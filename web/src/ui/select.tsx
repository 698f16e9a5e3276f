import type { ReactNode } from "react";
import { classNames } from "#/lib/class-names.ts";
import { Field, type FieldLinks } from "./field.tsx";
import styles from "./select.module.css";

export interface Option<Value extends string> {
  value: Value;
  label: string;
  detail?: string;
  disabled?: boolean;
}

interface SelectProps<Value extends string> {
  label: string;
  /** For a filter in a table, whose column says what it is: the label is for assistive technology only. */
  hideLabel?: boolean;
  options: readonly Option<Value>[];
  value: Value | null;
  onChange: (value: Value) => void;
  placeholder?: string;
  /** A field has its label above; a filter carries it inside the box. */
  form?: "field" | "filter";
  size?: "normal" | "small";
  hint?: ReactNode;
  error?: string | undefined;
  disabled?: boolean;
}

/**
 * One choice of a short list; for more than about ten choices use a combobox. The browser's own control: it costs
 * nothing, works everywhere, and newer browsers let its list be styled.
 */
export function Select<Value extends string>(props: SelectProps<Value>) {
  if (props.form === "filter") {
    return (
      // biome-ignore lint/a11y/noLabelWithoutControl: the control is in Box
      <label className={classNames(styles.filter, props.size === "small" && styles.small)}>
        <span className={props.hideLabel ? "visually-hidden" : styles.prefix}>{props.label}</span>
        <Box {...props} />
      </label>
    );
  }
  return (
    <Field label={props.label} hint={props.hint} error={props.error}>
      {(links) => <Box {...props} links={links} className={styles.field} />}
    </Field>
  );
}

interface BoxProps<Value extends string> extends SelectProps<Value> {
  links?: FieldLinks;
  className?: string | undefined;
}

function Box<Value extends string>({ links, className, ...props }: BoxProps<Value>) {
  const known = props.options.some((option) => option.value === props.value);
  return (
    <select
      {...links}
      className={classNames(
        styles.select,
        className,
        props.form !== "filter" && props.size === "small" && styles.small,
      )}
      value={known && props.value !== null ? props.value : ""}
      disabled={props.disabled}
      onChange={(event) => {
        const chosen = props.options.find((option) => option.value === event.target.value);
        if (chosen) props.onChange(chosen.value);
      }}
    >
      {known ? null : (
        <option value="" disabled>
          {props.placeholder ?? "Choose"}
        </option>
      )}
      {props.options.map((option) => (
        <option key={option.value} value={option.value} disabled={option.disabled}>
          {option.detail ? `${option.label} (${option.detail})` : option.label}
        </option>
      ))}
    </select>
  );
}
