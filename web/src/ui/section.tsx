import { type ReactNode, useId } from "react";
import styles from "./section.module.css";

/** A part of a page with its heading. */
export function Section({
  title,
  text,
  actions,
  children,
}: {
  title: string;
  text?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
}) {
  const id = useId();
  return (
    <section className={styles.section} aria-labelledby={id}>
      <div className={styles.head}>
        <h2 id={id}>{title}</h2>
        {actions}
      </div>
      {text ? <div className={styles.text}>{text}</div> : null}
      {children}
    </section>
  );
}
