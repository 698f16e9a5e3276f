/** Calendar dates as text (`2026-03-01`), free of time zones. */

/** The first and the last day, both included. */
export interface DateRange {
  from: string;
  to: string;
}

/** The date of a `Date` in the browser's own calendar. */
export function isoDate(value: Date): string {
  const month = String(value.getMonth() + 1).padStart(2, "0");
  return `${value.getFullYear()}-${month}-${String(value.getDate()).padStart(2, "0")}`;
}

/** Today in a time zone. */
export function today(timeZone?: string, now = new Date()): string {
  return new Intl.DateTimeFormat("en-CA", { timeZone, year: "numeric", month: "2-digit", day: "2-digit" }).format(now);
}

/** Whether a text is a real calendar date. */
export function isDate(value: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(value)) return false;
  const time = Date.parse(`${value}T00:00:00Z`);
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(value);
}

function utc(value: string): Date {
  return new Date(`${value}T00:00:00Z`);
}

function text(value: Date): string {
  return value.toISOString().slice(0, 10);
}

/** The date this many days later. */
export function addDays(value: string, days: number): string {
  const moved = utc(value);
  moved.setUTCDate(moved.getUTCDate() + days);
  return text(moved);
}

/** The first day of the month that is this many months away. */
export function monthStart(value: string, months = 0): string {
  const day = utc(value);
  return text(new Date(Date.UTC(day.getUTCFullYear(), day.getUTCMonth() + months, 1)));
}

/** The first day of the quarter that is this many quarters away. */
export function quarterStart(value: string, quarters = 0): string {
  const day = utc(value);
  const quarter = Math.floor(day.getUTCMonth() / 3) + quarters;
  return text(new Date(Date.UTC(day.getUTCFullYear(), quarter * 3, 1)));
}

/** How many days a range covers. */
export function daysIn(range: DateRange): number {
  return Math.round((utc(range.to).getTime() - utc(range.from).getTime()) / 86_400_000) + 1;
}

/** A period with a name, computed from today. */
export interface Preset {
  id: string;
  label: string;
  range: (today: string) => DateRange;
}

/** The periods that marketing reports in. */
export const PRESETS: Preset[] = [
  { id: "7d", label: "Last 7 days", range: (day) => ({ from: addDays(day, -6), to: day }) },
  { id: "30d", label: "Last 30 days", range: (day) => ({ from: addDays(day, -29), to: day }) },
  { id: "90d", label: "Last 90 days", range: (day) => ({ from: addDays(day, -89), to: day }) },
  { id: "month", label: "This month", range: (day) => ({ from: monthStart(day), to: day }) },
  {
    id: "last-month",
    label: "Last month",
    range: (day) => ({ from: monthStart(day, -1), to: addDays(monthStart(day), -1) }),
  },
  { id: "quarter", label: "This quarter", range: (day) => ({ from: quarterStart(day), to: day }) },
  {
    id: "last-quarter",
    label: "Last quarter",
    range: (day) => ({ from: quarterStart(day, -1), to: addDays(quarterStart(day), -1) }),
  },
  { id: "year", label: "This year", range: (day) => ({ from: `${day.slice(0, 4)}-01-01`, to: day }) },
  {
    id: "12m",
    label: "Last 12 months",
    range: (day) => ({ from: monthStart(day, -12), to: addDays(monthStart(day), -1) }),
  },
];

/** The named period that a range is, if it is one. */
export function presetOf(range: DateRange, day: string): Preset | undefined {
  return PRESETS.find((preset) => {
    const { from, to } = preset.range(day);
    return from === range.from && to === range.to;
  });
}
