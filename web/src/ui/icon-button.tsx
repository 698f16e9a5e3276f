import type { ComponentProps, ReactNode } from "react";
import { classNames } from "#/lib/class-names.ts";
import { type ButtonLook, buttonClass } from "./button.tsx";

interface IconButtonProps extends Omit<ComponentProps<"button">, "children"> {
  label: string;
  icon: ReactNode;
  look?: ButtonLook;
  size?: "normal" | "small";
  /** The key that does the same, shown beside the label. */
  shortcut?: string;
}

/** A button that shows an icon alone; its label is spoken, and shown on hover and focus. */
export function IconButton({ label, icon, look = "quiet", size, shortcut, className, ...rest }: IconButtonProps) {
  return (
    <button
      type="button"
      {...rest}
      aria-label={label}
      data-tip={label}
      data-tip-key={shortcut}
      className={classNames(buttonClass(look, size, true), className)}
    >
      {icon}
    </button>
  );
}
