import { DayPicker } from "@daypicker/react";
import { type DateRange, isDate, isoDate } from "#/lib/dates.ts";
import styles from "./date-range.module.css";

interface CalendarProps {
  value: DateRange;
  today: string;
  onChange: (range: DateRange) => void;
}

function local(text: string): Date | undefined {
  return isDate(text) ? new Date(`${text}T12:00:00`) : undefined;
}

/** A month in which two days are picked; a chunk of its own. */
export function Calendar({ value, today, onChange }: CalendarProps) {
  const from = local(value.from);
  const to = local(value.to);
  return (
    <DayPicker
      mode="range"
      showOutsideDays
      weekStartsOn={1}
      defaultMonth={to ?? from}
      today={local(today)}
      selected={{ from, to }}
      // The spoken name must begin with what is shown: the day's number.
      labels={{
        labelDayButton: (day) => `${day.getDate()}, ${day.toLocaleDateString(undefined, { dateStyle: "full" })}`,
      }}
      onSelect={(_, day) => {
        const picked = isoDate(day);
        const fresh = value.from !== value.to || picked < value.from;
        onChange(fresh ? { from: picked, to: picked } : { from: value.from, to: picked });
      }}
      classNames={{
        root: styles.month,
        month_caption: styles.caption,
        nav: styles.nav,
        month_grid: styles.grid,
        weekday: styles.weekday,
        day: styles.day,
        outside: styles.outside,
        range_middle: styles.inRange,
        range_start: styles.edge,
        range_end: styles.edge,
        today: styles.today,
      }}
    />
  );
}
