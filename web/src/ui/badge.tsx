import type { ReactNode } from "react";
import { classNames } from "#/lib/class-names.ts";
import styles from "./badge.module.css";

export type Tone = "neutral" | "accent" | "success" | "warning" | "danger";

/** A short state. Red, amber and green only where the state asks for a reaction. */
export function Badge({ tone = "neutral", children }: { tone?: Tone; children: ReactNode }) {
  return <span className={classNames(styles.badge, tone !== "neutral" && styles[tone])}>{children}</span>;
}
