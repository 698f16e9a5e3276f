import type { ComponentProps, ReactNode } from "react";
import { classNames } from "#/lib/class-names.ts";
import styles from "./button.module.css";

export type ButtonLook = "plain" | "primary" | "danger" | "quiet";

interface ButtonProps extends ComponentProps<"button"> {
  look?: ButtonLook;
  size?: "normal" | "small";
  icon?: ReactNode;
  /** Shows that the action runs; the button keeps its place and takes no second press. */
  busy?: boolean;
}

/** The class names of a button, for links that look like one. */
export function buttonClass(look: ButtonLook = "plain", size: "normal" | "small" = "normal", onlyIcon = false): string {
  return classNames(
    styles.button,
    look !== "plain" && styles[look],
    size === "small" && styles.small,
    onlyIcon && styles.icon,
  );
}

/** A button: a verb and its object. */
export function Button({
  look,
  size,
  icon,
  busy = false,
  children,
  className,
  disabled,
  onClick,
  ...rest
}: ButtonProps) {
  return (
    <button
      type="button"
      {...rest}
      className={classNames(buttonClass(look, size), className)}
      disabled={disabled}
      aria-disabled={busy || undefined}
      aria-busy={busy || undefined}
      onClick={(event) => {
        if (busy) event.preventDefault();
        else onClick?.(event);
      }}
    >
      {busy ? <span className={styles.busy} aria-hidden="true" /> : icon}
      {children}
    </button>
  );
}
