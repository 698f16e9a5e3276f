import { SkeletonLines } from "#/ui/skeleton.tsx";
import styles from "./shell.module.css";

/** Keeps the place of a page whose code is on its way. */
export function Pending() {
  return (
    <div className={styles.pending}>
      <SkeletonLines lines={6} label="Loading the page" />
    </div>
  );
}
