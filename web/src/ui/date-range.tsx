import { CalendarDays } from "lucide-react";
import { lazy, Suspense, useRef, useState } from "react";
import { type DateRange, presetOf, today } from "#/lib/dates.ts";
import { days } from "#/lib/format.ts";
import { Button } from "./button.tsx";

const DateRangePopup = lazy(() =>
  import("./date-range-popup.tsx").then((module) => ({ default: module.DateRangePopup })),
);

const preload = () => void import("./date-range-popup.tsx");

interface DateRangePickerProps {
  value: DateRange;
  onChange: (range: DateRange) => void;
  /** The workspace's zone: it decides what "today" is. */
  timeZone?: string;
}

/** The period of a report: a named one, or any two days. */
export function DateRangePicker({ value, onChange, timeZone }: DateRangePickerProps) {
  const [open, setOpen] = useState(false);
  const [used, setUsed] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const day = today(timeZone);
  const label = presetOf(value, day)?.label ?? days(value);
  return (
    <>
      <Button
        ref={button}
        icon={<CalendarDays size={14} aria-hidden="true" />}
        aria-label={`Period: ${label}`}
        aria-haspopup="dialog"
        aria-expanded={open}
        onPointerEnter={preload}
        onFocus={preload}
        onClick={() => {
          setUsed(true);
          setOpen(!open);
        }}
      >
        {label}
      </Button>
      {used ? (
        <Suspense>
          <DateRangePopup
            open={open}
            onOpenChange={setOpen}
            anchor={button}
            value={value}
            today={day}
            onChange={onChange}
          />
        </Suspense>
      ) : null}
    </>
  );
}
