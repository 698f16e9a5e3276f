import { Checkbox as Base } from "@base-ui/react/checkbox";
import { Check } from "lucide-react";
import type { ReactNode } from "react";
import styles from "./checkbox.module.css";

interface CheckboxProps {
  label: ReactNode;
  checked: boolean;
  onChange: (checked: boolean) => void;
  disabled?: boolean;
  hint?: string;
}

/** A yes or no with its label. */
export function Checkbox({ label, checked, onChange, disabled, hint }: CheckboxProps) {
  return (
    // biome-ignore lint/a11y/noLabelWithoutControl: the control inside is Base UI's, which the label wraps
    <label className={styles.row}>
      <Base.Root className={styles.box} checked={checked} disabled={disabled} onCheckedChange={onChange}>
        <Base.Indicator className={styles.mark}>
          <Check size={12} strokeWidth={3} aria-hidden="true" />
        </Base.Indicator>
      </Base.Root>
      <span>
        {label}
        {hint ? <span className={styles.hint}>{hint}</span> : null}
      </span>
    </label>
  );
}
