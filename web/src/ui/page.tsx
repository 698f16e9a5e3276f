import { type ReactNode, useEffect } from "react";
import { classNames } from "#/lib/class-names.ts";
import styles from "./page.module.css";

interface PageProps {
  title: string;
  /** The state of what is shown, beside the title. */
  state?: ReactNode;
  /** A link to where this belongs, above the title. */
  crumb?: ReactNode;
  text?: ReactNode;
  /** At the right of the title; one primary button at most. */
  actions?: ReactNode;
  /** The filter row, which is the address. */
  filters?: ReactNode;
  /** The content scrolls inside, for a long table. */
  fill?: boolean;
  children: ReactNode;
}

/** A page: title row, filter row, content. */
export function Page({ title, state, crumb, text, actions, filters, fill = false, children }: PageProps) {
  useEffect(() => {
    document.title = `${title} · Mainspring`;
  }, [title]);
  return (
    <div className={classNames(styles.page, fill && styles.fill)}>
      {crumb ? <div className={styles.crumb}>{crumb}</div> : null}
      <header className={styles.head}>
        <div className={styles.title}>
          <h1>{title}</h1>
          {state}
        </div>
        {actions ? <div className={styles.actions}>{actions}</div> : null}
      </header>
      {text ? <div className={styles.text}>{text}</div> : null}
      {filters ? <div className={styles.filters}>{filters}</div> : null}
      {children}
    </div>
  );
}
