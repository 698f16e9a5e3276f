import { History } from "lucide-react";
import { useEffect, useId, useRef, useState } from "react";
import { shownZone, wallTime } from "#/lib/format.ts";
import styles from "./as-of.module.css";
import { chosenMoment } from "./as-of-model.ts";
import { IconButton } from "./icon-button.tsx";

interface AsOfProps {
  /** The moment, UTC; undefined: now. */
  value: string | undefined;
  /** What it does, for whoever points at it. */
  tip: string;
  onChange: (value: string | undefined) => void;
}

/**
 * Asks for what was known at a moment, which is chosen in the zone that moments are shown in. Each answer costs a while: it
 * is asked for when the field is left, or with Enter, and not at every key.
 */
export function AsOf({ value, tip, onChange }: AsOfProps) {
  const [open, setOpen] = useState(false);
  const [refused, setRefused] = useState<string>();
  const field = useRef<HTMLInputElement>(null);
  const id = useId();
  const known = value === undefined ? "" : wallTime(value);
  useEffect(() => {
    if (open) field.current?.focus();
  }, [open]);
  // The browser keeps what is being entered; only another moment replaces it.
  useEffect(() => {
    if (field.current) field.current.value = known;
    setRefused(undefined);
  }, [known]);
  if (!open && value === undefined) {
    return (
      <IconButton
        label="Ask as of a moment"
        icon={<History size={16} aria-hidden="true" />}
        onClick={() => setOpen(true)}
      />
    );
  }
  const commit = (input: HTMLInputElement, leaving: boolean) => {
    const unfinished = input.validity.badInput;
    const chosen = chosenMoment(input.value, unfinished, Date.now());
    setRefused(chosen.kind === "refused" ? chosen.why : undefined);
    if (input.value === known && !unfinished && !(leaving && known === "")) return;
    if (chosen.kind === "moment") onChange(chosen.at);
    if (chosen.kind === "none") {
      setOpen(!leaving);
      if (value !== undefined) onChange(undefined);
    }
  };
  return (
    <div className={styles.asOf} data-tip={tip}>
      <label htmlFor={id}>As of ({shownZone()})</label>
      <input
        ref={field}
        id={id}
        type="datetime-local"
        step={60}
        min="1970-01-02T00:00"
        max={wallTime(new Date().toISOString())}
        defaultValue={known}
        aria-invalid={refused ? true : undefined}
        aria-describedby={refused ? `${id}-error` : undefined}
        onBlur={(event) => commit(event.currentTarget, true)}
        onKeyDown={(event) => {
          if (event.key === "Enter") commit(event.currentTarget, false);
        }}
      />
      {refused ? (
        <p className={styles.error} id={`${id}-error`} role="alert">
          {refused}
        </p>
      ) : null}
    </div>
  );
}
