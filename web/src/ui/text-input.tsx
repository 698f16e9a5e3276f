import type { ComponentProps, ReactNode } from "react";
import { classNames } from "#/lib/class-names.ts";
import styles from "./field.module.css";
import { Field } from "./field.tsx";

interface TextInputProps extends Omit<ComponentProps<"input">, "onChange" | "value"> {
  label: string;
  value: string;
  onChange: (value: string) => void;
  hint?: ReactNode;
  error?: string | undefined;
  optional?: boolean;
  mono?: boolean;
}

/** One line of text with its label. */
export function TextInput({ label, value, onChange, hint, error, optional, mono, className, ...rest }: TextInputProps) {
  return (
    <Field label={label} hint={hint} error={error} optional={optional}>
      {(links) => (
        <input
          {...rest}
          {...links}
          className={classNames(styles.control, mono && styles.mono, className)}
          value={value}
          onChange={(event) => onChange(event.target.value)}
        />
      )}
    </Field>
  );
}
