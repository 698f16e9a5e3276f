import type { ReactNode } from "react";
import { classNames } from "#/lib/class-names.ts";
import styles from "./stale.module.css";

/** Numbers that answer the filters of before, while those of now are on their way: dimmed, and said to be busy. */
export function Stale({ when, children }: { when: boolean; children: ReactNode }) {
  return (
    <div className={classNames(styles.part, when && styles.stale)} aria-busy={when || undefined}>
      {children}
      <span className="visually-hidden" role="status">
        {when ? "The numbers are being read anew" : ""}
      </span>
    </div>
  );
}
