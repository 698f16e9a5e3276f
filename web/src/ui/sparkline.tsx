import { sparkBounds, sparkPaths } from "#/lib/spark.ts";
import styles from "./sparkline.module.css";

const WIDTH = 120;
const HEIGHT = 32;

export interface Trend {
  values: readonly (number | null)[];
  /** What was planned for the same periods. */
  plan?: readonly (number | null)[] | undefined;
  /** From this place on the periods are not over yet: the line is dashed. */
  incompleteFrom?: number | undefined;
}

/** A tiny trend without axes. Null is a gap, not a zero. */
export function Sparkline({ values, plan = [], incompleteFrom = values.length, label }: Trend & { label: string }) {
  const bounds = sparkBounds(values, plan);
  const draw = (line: readonly (number | null)[]) => sparkPaths(line, WIDTH, HEIGHT, bounds);
  const over = draw(values.map((value, place) => (place < incompleteFrom ? value : null)));
  const open = draw(values.map((value, place) => (place >= incompleteFrom - 1 ? value : null)));
  return (
    <svg
      className={styles.spark}
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={label}
    >
      <path className={styles.area} d={over.area} />
      {plan.length > 0 ? <path className={styles.plan} d={draw(plan).line} /> : null}
      <path className={styles.line} d={over.line} />
      {incompleteFrom < values.length ? <path className={styles.open} d={open.line} /> : null}
    </svg>
  );
}
