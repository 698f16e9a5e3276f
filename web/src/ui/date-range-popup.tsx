import { Popover } from "@base-ui/react/popover";
import { type RefObject, useState } from "react";
import { type DateRange, isDate, PRESETS, presetOf } from "#/lib/dates.ts";
import { Button } from "./button.tsx";
import { Calendar } from "./calendar.tsx";
import styles from "./date-range.module.css";
import popup from "./popup.module.css";
import { TextInput } from "./text-input.tsx";

interface DateRangePopupProps {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  anchor: RefObject<HTMLButtonElement | null>;
  value: DateRange;
  today: string;
  onChange: (range: DateRange) => void;
}

/** The named periods, and a calendar for any other. */
export function DateRangePopup({ open, onOpenChange, anchor, value, today, onChange }: DateRangePopupProps) {
  return (
    <Popover.Root open={open} onOpenChange={onOpenChange} modal>
      <Popover.Portal>
        <Popover.Positioner className={popup.positioner} anchor={anchor} sideOffset={4} align="start">
          <Popover.Popup className={styles.popup} aria-label="Period" finalFocus={anchor}>
            <Choice
              value={value}
              today={today}
              onCancel={() => onOpenChange(false)}
              onTake={(range) => {
                onChange(range);
                onOpenChange(false);
              }}
            />
          </Popover.Popup>
        </Popover.Positioner>
      </Popover.Portal>
    </Popover.Root>
  );
}

interface ChoiceProps {
  value: DateRange;
  today: string;
  onTake: (range: DateRange) => void;
  onCancel: () => void;
}

function Choice({ value, today, onTake, onCancel }: ChoiceProps) {
  const [draft, setDraft] = useState(value);
  const preset = presetOf(value, today);
  const ready = isDate(draft.from) && isDate(draft.to) && draft.from <= draft.to;
  const lastError = draft.from > draft.to ? "This is before the first day." : undefined;
  return (
    <>
      <div className={styles.presets}>
        {PRESETS.map((one) => (
          <button
            key={one.id}
            type="button"
            className={styles.preset}
            aria-pressed={one.id === preset?.id}
            onClick={() => onTake(one.range(today))}
          >
            {one.label}
          </button>
        ))}
      </div>
      <div className={styles.calendar}>
        <div className={styles.inputs}>
          <TextInput
            label="From"
            value={draft.from}
            onChange={(from) => setDraft({ ...draft, from })}
            error={isDate(draft.from) ? undefined : "Write it like 2026-03-01."}
          />
          <TextInput
            label="To"
            value={draft.to}
            onChange={(to) => setDraft({ ...draft, to })}
            error={isDate(draft.to) ? lastError : "Write it like 2026-03-31."}
          />
        </div>
        <Calendar value={draft} today={today} onChange={setDraft} />
        <div className={styles.foot}>
          <Button size="small" onClick={onCancel}>
            Cancel
          </Button>
          <Button size="small" look="primary" disabled={!ready} onClick={() => onTake(draft)}>
            Apply period
          </Button>
        </div>
      </div>
    </>
  );
}
