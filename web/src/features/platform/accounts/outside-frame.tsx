import { type ReactNode, useEffect } from "react";
import styles from "./outside.module.css";

/** The frame of the pages before somebody is signed in. */
export function OutsideFrame({ title, text, children }: { title: string; text: ReactNode; children: ReactNode }) {
  useEffect(() => {
    document.title = `${title} · Mainspring`;
  }, [title]);
  return (
    <main className={styles.frame}>
      <div className={styles.box}>
        <div className={styles.brand}>
          <img src="/icon.svg" alt="" />
          Mainspring
        </div>
        <div className={styles.head}>
          <h1>{title}</h1>
          <p className={styles.text}>{text}</p>
        </div>
        {children}
      </div>
    </main>
  );
}
