import styles from "./skeleton.module.css";

/** Keeps the place of one piece of content that is on its way. */
export function Skeleton({ width = "100%", height = 14 }: { width?: number | string; height?: number }) {
  return <span className={styles.line} style={{ width, height }} aria-hidden="true" />;
}

/** Keeps the place of several lines. */
export function SkeletonLines({ lines = 4, label = "Loading" }: { lines?: number; label?: string }) {
  const widths = Array.from({ length: lines }, (_, line) => `${90 - ((line * 37) % 45)}%`);
  return (
    <div className={styles.stack} role="status" aria-label={label}>
      {widths.map((width, line) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the lines have no identity
        <Skeleton key={line} width={width} />
      ))}
    </div>
  );
}
