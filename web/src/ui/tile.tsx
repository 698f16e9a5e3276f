import type { ReactNode } from "react";
import { classNames } from "#/lib/class-names.ts";
import { Skeleton } from "./skeleton.tsx";
import { Sparkline, type Trend } from "./sparkline.tsx";
import styles from "./tile.module.css";

/** Four different displays: a value (which may be zero), nothing recorded, not known, and not allowed. */
export type Figure =
  | { state: "value"; text: string; unit?: string | undefined; exact?: string }
  | { state: "none"; text: string }
  | { state: "unknown"; text: string }
  | { state: "forbidden" }
  | { state: "loading" };

interface TileProps {
  label: string;
  figure: Figure;
  comparison?: ReactNode;
  /** A second figure, which the first is read with. */
  beside?: string | undefined;
  /** The decision this number serves. */
  decision?: string;
  trend?: Trend;
  /** "as of …", shown on hover. */
  watermark?: string;
  /** Opens the explanation. */
  onOpen?: () => void;
  /** Whether that is a page instead of a drawer. */
  leads?: boolean;
}

/** One number that somebody decides by. */
export function Tile({ label, figure, comparison, beside, decision, trend, watermark, onOpen, leads }: TileProps) {
  const body = (
    <>
      <span className={styles.label}>{label}</span>
      <FigureText figure={figure} />
      {figure.state === "loading" ? <Places /> : null}
      {comparison ? <span className={styles.comparison}>{comparison}</span> : null}
      {beside ? (
        <span className={styles.beside} title={beside}>
          {beside}
        </span>
      ) : null}
      {decision ? <span className={styles.decision}>{decision}</span> : null}
      {trend && trend.values.length > 1 ? (
        <span className={styles.trend}>
          <Sparkline {...trend} label={trendLabel(label, trend)} />
        </span>
      ) : null}
    </>
  );
  if (!onOpen || figure.state === "loading" || figure.state === "forbidden") {
    return (
      <div className={styles.tile} title={watermark}>
        {body}
      </div>
    );
  }
  return (
    <button
      type="button"
      className={styles.tile}
      title={watermark}
      onClick={onOpen}
      aria-haspopup={leads ? undefined : "dialog"}
    >
      {body}
    </button>
  );
}

/** As high as what will stand there, so that nothing moves when it comes. */
function Places() {
  return (
    <>
      <span className={styles.comparison}>
        <Skeleton width={110} height={18} />
      </span>
      <span className={styles.beside}>
        <Skeleton width={90} height={16} />
      </span>
      <span className={styles.decision}>
        <Skeleton height={48} />
      </span>
      <span className={styles.trend}>
        <Skeleton height={26} />
      </span>
    </>
  );
}

function trendLabel(label: string, { plan, incompleteFrom }: Trend): string {
  const parts = [`Trend of ${label.toLowerCase()}`];
  if (plan?.some((value) => value !== null)) parts.push("with its plan");
  if (incompleteFrom !== undefined) parts.push("the last period is not over yet");
  return parts.join(", ");
}

function FigureText({ figure }: { figure: Figure }) {
  if (figure.state === "loading")
    return (
      <span className={styles.figure}>
        <Skeleton width={120} height={36} />
      </span>
    );
  if (figure.state === "value") {
    return (
      <span className={styles.figure} title={figure.exact}>
        {figure.text}
        {figure.unit ? <span className={styles.unit}>{figure.unit}</span> : null}
      </span>
    );
  }
  const text = figure.state === "forbidden" ? "Not shown to your role" : figure.text;
  return <span className={classNames(styles.figure, styles.quiet)}>{text}</span>;
}
