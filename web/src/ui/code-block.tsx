import { classNames } from "#/lib/class-names.ts";
import styles from "./code-block.module.css";
import { CopyButton } from "./copy-button.tsx";

interface CodeBlockProps {
  code: string;
  /** What it is, for example "browser snippet". */
  label: string;
  wrap?: boolean;
}

/** Code to read and to copy. */
export function CodeBlock({ code, label, wrap = false }: CodeBlockProps) {
  return (
    <section className={styles.block} aria-label={label}>
      <pre className={classNames(styles.code, wrap && styles.wrap)} tabIndex={0}>
        <code>{code}</code>
      </pre>
      <div className={styles.copy}>
        <CopyButton text={code} what={label} />
      </div>
    </section>
  );
}
