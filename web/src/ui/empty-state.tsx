import type { ReactNode } from "react";
import styles from "./empty-state.module.css";

interface EmptyStateProps {
  title: string;
  /** What belongs here, in a sentence or two. */
  children: ReactNode;
  /** The first action, then perhaps a link to the guide. */
  actions?: ReactNode;
}

/** A page with nothing on it yet teaches the next step. */
export function EmptyState({ title, children, actions }: EmptyStateProps) {
  return (
    <section className={styles.empty}>
      <h2>{title}</h2>
      <div className={styles.text}>{children}</div>
      {actions ? <div className={styles.actions}>{actions}</div> : null}
    </section>
  );
}
