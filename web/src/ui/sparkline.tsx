import { sparkPaths } from "#/lib/spark.ts";
import styles from "./sparkline.module.css";

const WIDTH = 120;
const HEIGHT = 32;

/** A tiny trend without axes. Null is a gap, not a zero. */
export function Sparkline({ values, label }: { values: readonly (number | null)[]; label: string }) {
  const { line, area } = sparkPaths(values, WIDTH, HEIGHT);
  return (
    <svg
      className={styles.spark}
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={label}
    >
      <path className={styles.area} d={area} />
      <path className={styles.line} d={line} />
    </svg>
  );
}
