import type { ComponentProps, ReactNode } from "react";
import { classNames } from "#/lib/class-names.ts";
import styles from "./field.module.css";
import { Field } from "./field.tsx";

interface TextAreaProps extends Omit<ComponentProps<"textarea">, "onChange" | "value"> {
  label: string;
  value: string;
  onChange: (value: string) => void;
  hint?: ReactNode;
  error?: string | undefined;
  optional?: boolean;
  mono?: boolean;
}

/** Several lines of text with their label. */
export function TextArea({ label, value, onChange, hint, error, optional, mono, className, ...rest }: TextAreaProps) {
  return (
    <Field label={label} hint={hint} error={error} optional={optional}>
      {(links) => (
        <textarea
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
