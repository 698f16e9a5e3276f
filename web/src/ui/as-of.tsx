import { History } from "lucide-react";
import { useState } from "react";
import { momentOf, shownZone, wallTime } from "#/lib/format.ts";
import styles from "./as-of.module.css";
import { IconButton } from "./icon-button.tsx";

interface AsOfProps {
  /** The moment, UTC; undefined: now. */
  value: string | undefined;
  /** What it does, for whoever points at it. */
  tip: string;
  onChange: (value: string | undefined) => void;
}

/** Asks for what was known at a moment, which is chosen in the zone that moments are shown in. */
export function AsOf({ value, tip, onChange }: AsOfProps) {
  const [open, setOpen] = useState(value !== undefined);
  if (!open) {
    return (
      <IconButton
        label="Ask as of a moment"
        icon={<History size={16} aria-hidden="true" />}
        onClick={() => setOpen(true)}
      />
    );
  }
  return (
    <label className={styles.asOf} data-tip={tip}>
      <span>As of ({shownZone()})</span>
      <input
        type="datetime-local"
        step={60}
        value={value === undefined ? "" : wallTime(value)}
        onChange={(event) => {
          const { value: chosen } = event.target;
          onChange(chosen === "" ? undefined : momentOf(chosen.slice(0, 16)));
          if (chosen === "") setOpen(false);
        }}
      />
    </label>
  );
}
