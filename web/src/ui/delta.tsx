import { ArrowDownRight, ArrowRight, ArrowUpRight } from "lucide-react";
import { classNames } from "#/lib/class-names.ts";
import { signedPercent } from "#/lib/format.ts";
import styles from "./delta.module.css";

interface DeltaProps {
  /** The change as a share: 0.12 is twelve percent more. Null when there was nothing to compare with. */
  change: number | null;
  /** The value that is compared with, written out: "€12,300 in Q2". */
  against: string;
  /** The dates that are compared with, shown on hover. */
  period?: string | undefined;
  /** Which way is good; "none" never colours. */
  better: "up" | "down" | "none";
  /** Whether the change is larger than its noise; a smaller one is not coloured. */
  significant?: boolean;
  /** How far chance alone moves it, in words. */
  noise?: string | undefined;
}

/** A comparison with another period. */
export function Delta({ change, against, period, better, significant = true, noise }: DeltaProps) {
  const title = [period && `Compared with ${period}`, noise].filter(Boolean).join(". ") || undefined;
  if (change === null) {
    return (
      <span className={styles.delta} title={title}>
        was {against}
      </span>
    );
  }
  const Arrow = change > 0 ? ArrowUpRight : change < 0 ? ArrowDownRight : ArrowRight;
  const coloured = significant && better !== "none" && change !== 0;
  const good = coloured && change > 0 === (better === "up");
  return (
    <span className={styles.delta} title={title}>
      <span className={classNames(styles.change, coloured && (good ? styles.good : styles.bad))}>
        <Arrow size={13} aria-hidden="true" />
        {signedPercent(change)}
      </span>{" "}
      vs {against}
      {significant || change === 0 ? null : ", may be chance"}
    </span>
  );
}
