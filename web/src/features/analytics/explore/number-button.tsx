import { useMay } from "#/app/session.ts";
import styles from "./explore.module.css";

interface NumberButtonProps {
  /** What the number is of. */
  label: string;
  text: string;
  /** Opens the people behind it; a number without is only shown. */
  onOpen?: (() => void) | undefined;
}

/** A number that opens the people behind it, for whoever may see people. */
export function NumberButton({ label, text, onOpen }: NumberButtonProps) {
  const may = useMay("people.read");
  if (!may || !onOpen) return <span>{text}</span>;
  return (
    <button type="button" className={styles.number} aria-label={`${label}: ${text}; show people`} onClick={onOpen}>
      {text}
    </button>
  );
}
