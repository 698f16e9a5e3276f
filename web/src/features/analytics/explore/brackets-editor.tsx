import { Plus, X } from "lucide-react";
import { useState } from "react";
import { Button } from "#/ui/button.tsx";
import { IconButton } from "#/ui/icon-button.tsx";
import styles from "./explore.module.css";
import { type Bracket, bracketLabel, LIMITS } from "./model.ts";

interface BracketsEditorProps {
  length: "day" | "week" | "month";
  brackets: Bracket[];
  onChange: (next: Bracket[]) => void;
}

const ONES = { day: "Day", week: "Week", month: "Month" } as const;

/** What most teams look at, for days. */
const USUAL: Bracket[] = [
  { from: 1, to: 1 },
  { from: 2, to: 7 },
  { from: 8, to: 14 },
  { from: 15, to: 30 },
];

/** Stretches of periods, in any one of which somebody has to come back. */
export function BracketsEditor({ length, brackets, onChange }: BracketsEditorProps) {
  const [from, setFrom] = useState("");
  const [to, setTo] = useState("");
  const one = ONES[length];
  const next = readBracket(from, to);
  const add = () => {
    if (!next || brackets.some((known) => known.from === next.from && known.to === next.to)) return;
    onChange([...brackets, next].sort((a, b) => a.from - b.from || a.to - b.to));
    setFrom("");
    setTo("");
  };
  const field = (label: string, short: string, value: string, change: (next: string) => void) => (
    <input
      className={styles.short}
      aria-label={label}
      inputMode="numeric"
      placeholder={short}
      value={value}
      maxLength={3}
      onChange={(event) => change(event.target.value)}
      onKeyDown={(event) => {
        if (event.key === "Enter") add();
      }}
    />
  );
  return (
    <div className={styles.group}>
      <h2>Brackets of {length}s</h2>
      {brackets.map((bracket, place) => (
        <div key={`${bracket.from} ${bracket.to}`} className={styles.condition}>
          <span>{bracketLabel(one, bracket)}</span>
          <IconButton
            size="small"
            label={`Remove the bracket ${bracketLabel(one, bracket)}`}
            icon={<X size={12} aria-hidden="true" />}
            onClick={() => onChange(brackets.filter((_, at) => at !== place))}
          />
        </div>
      ))}
      {brackets.length < LIMITS.brackets ? (
        <div className={styles.line}>
          {field(`From ${length}`, "From", from, setFrom)}
          {field(`To ${length}`, "To", to, setTo)}
          <Button size="small" icon={<Plus size={14} aria-hidden="true" />} disabled={!next} onClick={add}>
            Add bracket
          </Button>
        </div>
      ) : null}
      {brackets.length === 0 && length === "day" ? (
        <Button size="small" look="quiet" onClick={() => onChange(USUAL)}>
          Use day 1, 2–7, 8–14 and 15–30
        </Button>
      ) : null}
    </div>
  );
}

/** What was typed, if it is a bracket: whole numbers from 0 to 127, the first not after the last. */
export function readBracket(from: string, to: string): Bracket | undefined {
  const [first, last] = [from, to === "" ? from : to].map((text) =>
    /^\d{1,3}$/.test(text.trim()) ? Number(text) : -1,
  );
  if (first === undefined || last === undefined || first < 0 || last < first || last > 127) return undefined;
  return { from: first, to: last };
}
