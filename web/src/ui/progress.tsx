import { Progress as Base } from "@base-ui/react/progress";
import { number, percent } from "#/lib/format.ts";
import styles from "./progress.module.css";

interface ProgressProps {
  label: string;
  done: number;
  /** Zero when the amount of work is not known yet. */
  total: number;
  note?: string | undefined;
}

/** How far a long piece of work has come. */
export function Progress({ label, done, total, note }: ProgressProps) {
  const known = total > 0;
  return (
    <Base.Root className={styles.progress} value={known ? Math.min(done, total) : null} max={known ? total : 100}>
      <span className={styles.head}>
        <Base.Label>{label}</Base.Label>
        <span className={styles.note}>
          {known ? `${number(done)} of ${number(total)} · ${percent(Math.min(1, done / total))}` : "Starting"}
        </span>
      </span>
      <Base.Track className={styles.track}>
        <Base.Indicator className={styles.bar} />
      </Base.Track>
      {note ? <span className={styles.note}>{note}</span> : null}
    </Base.Root>
  );
}
