/** Numbers, money and time as the user's locale writes them. */

/** Money as the server sends it: an exact decimal text. */
export interface Money {
  amount: string;
  currency: string;
}

/** How a figure is written. */
export type Unit = "money" | "count" | "percent" | "ratio" | "days" | "seconds";

const formats = new Map<string, Intl.NumberFormat>();

function numberFormat(options: Intl.NumberFormatOptions): Intl.NumberFormat {
  const key = JSON.stringify(options);
  const known = formats.get(key);
  if (known) return known;
  const made = new Intl.NumberFormat(undefined, options);
  formats.set(key, made);
  return made;
}

/** Money to the cent, exactly as recorded. */
export function money(value: Money): string {
  const format = numberFormat({ style: "currency", currency: value.currency, currencyDisplay: "narrowSymbol" });
  return format.format(value.amount as Intl.StringNumericLiteral);
}

/** Money to the whole unit, for tables that compare. */
export function moneyRound(value: Money): string {
  const format = numberFormat({
    style: "currency",
    currency: value.currency,
    currencyDisplay: "narrowSymbol",
    maximumFractionDigits: 0,
  });
  return format.format(value.amount as Intl.StringNumericLiteral);
}

/** Money for a tile: three significant digits, `€1.23M`. */
export function moneyShort(value: Money): string {
  const format = numberFormat({
    style: "currency",
    currency: value.currency,
    currencyDisplay: "narrowSymbol",
    notation: "compact",
    minimumSignificantDigits: 1,
    maximumSignificantDigits: 3,
  });
  return format.format(value.amount as Intl.StringNumericLiteral);
}

/** A whole or decimal number with its grouping. */
export function number(value: number, digits = 2, least = 0): string {
  return numberFormat({ minimumFractionDigits: least, maximumFractionDigits: digits }).format(value);
}

/** A number for a tile: three significant digits, `12.3K`. */
export function numberShort(value: number): string {
  if (Math.abs(value) < 1000 && Number.isInteger(value)) return numberFormat({}).format(value);
  return numberFormat({ notation: "compact", maximumSignificantDigits: 3 }).format(value);
}

/** A share between 0 and 1 as a percentage to one decimal. */
export function percent(share: number): string {
  return numberFormat({ style: "percent", maximumFractionDigits: 1 }).format(share);
}

/** A change between two shares or amounts, with its sign. */
export function signedPercent(share: number, digits = 1): string {
  return numberFormat({ style: "percent", maximumFractionDigits: digits, signDisplay: "exceptZero" }).format(share);
}

/** A size in bytes. */
export function bytes(size: number): string {
  const step = Math.min(3, size < 1 ? 0 : Math.floor(Math.log(size) / Math.log(1000)));
  const unit = ["byte", "kilobyte", "megabyte", "gigabyte"][step] ?? "byte";
  const format = { style: "unit", unit, unitDisplay: "short", maximumFractionDigits: step > 1 ? 1 : 0 } as const;
  return numberFormat(format).format(size / 1000 ** step);
}

/** The noun that fits a count: `1 row`, `2 rows`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${number(count)} ${count === 1 ? one : many}`;
}

const dateFormats = new Map<string, Intl.DateTimeFormat>();

function dateFormat(options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = JSON.stringify(options);
  const known = dateFormats.get(key);
  if (known) return known;
  const made = new Intl.DateTimeFormat(undefined, options);
  dateFormats.set(key, made);
  return made;
}

let zone: string | undefined;

/** From now on moments are shown in this time zone: the workspace's, in which the server counts its days too. */
export function showTimesIn(timeZone: string | undefined): void {
  zone = timeZone;
}

/** A moment in a format; the text itself where it names no moment, for a page must not fail by it. */
function written(text: string, moment: string, options: Intl.DateTimeFormatOptions): string {
  const at = new Date(moment);
  return Number.isNaN(at.getTime()) ? text : dateFormat(options).format(at);
}

function inZone(value: string, options: Intl.DateTimeFormatOptions): string {
  return written(value, value, { ...options, timeZone: zone });
}

/** A calendar date (`2026-03-01`), which has no time zone. */
export function day(value: string): string {
  return written(value, `${value}T00:00:00Z`, { dateStyle: "medium", timeZone: "UTC" });
}

/** Two calendar dates, both included. */
export function days({ from, to }: { from: string; to: string }): string {
  return from === to ? day(from) : `${day(from)} – ${day(to)}`;
}

/** The day of a moment. */
export function dayOf(moment: string): string {
  return inZone(moment, { dateStyle: "medium" });
}

/** A moment, to the minute. */
export function dateTime(moment: string): string {
  return inZone(moment, { dateStyle: "medium", timeStyle: "short" });
}

/** A moment, to the second. */
export function dateTimeExact(moment: string): string {
  return inZone(moment, { dateStyle: "medium", timeStyle: "medium" });
}

/** A moment, to the second, with the zone it is shown in. */
export function exactTime(moment: string): string {
  return `${inZone(moment, { dateStyle: "full", timeStyle: "long" })}${zone ? ` (${zone})` : ""}`;
}

/** A moment, to the minute, with the zone it is shown in. */
export function zonedTime(moment: string): string {
  return `${dateTime(moment)} (${shownZone()})`;
}

/** The time of day with seconds. */
export function clockTime(moment: string): string {
  return inZone(moment, { timeStyle: "medium" });
}

/** The zone that moments are shown in. */
export function shownZone(): string {
  return zone ?? dateFormat({}).resolvedOptions().timeZone;
}

const WALL = { year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit" } as const;

/** What calendar and clock show in that zone at a moment, as a field takes it: `2026-03-01T14:30`. */
export function wallTime(moment: string): string {
  const at = new Date(moment);
  if (Number.isNaN(at.getTime())) return "";
  const format = new Intl.DateTimeFormat("en", { ...WALL, hourCycle: "h23", timeZone: zone });
  const parts = new Map(format.formatToParts(at).map(({ type, value }) => [type, value]));
  const year = (parts.get("year") ?? "").padStart(4, "0");
  return `${year}-${parts.get("month")}-${parts.get("day")}T${parts.get("hour")}:${parts.get("minute")}`;
}

/**
 * The moment, UTC, at which they show it; empty for what is no time. A time that is skipped gives one beside it; of one that
 * comes twice, either.
 */
export function momentOf(wall: string): string {
  const asUtc = Date.parse(`${wall}Z`);
  if (Number.isNaN(asUtc)) return "";
  const ahead = (at: number) => Date.parse(`${wallTime(new Date(at).toISOString())}Z`) - at;
  const near = asUtc - ahead(asUtc);
  return `${new Date(asUtc - ahead(near)).toISOString().slice(0, 19)}Z`;
}

/** A month (`2026-03`) in words. */
export function monthOf(value: string): string {
  return written(value, `${value}-01T00:00:00Z`, { month: "short", year: "numeric", timeZone: "UTC" });
}

/** How long the periods of an axis are. */
export type Grain = "day" | "week" | "month" | "quarter";

/** A period, by its first day. */
export function period(first: string, grain: Grain): string {
  if (grain === "quarter") return `Q${Math.ceil(Number(first.slice(5, 7)) / 3)} ${first.slice(0, 4)}`;
  if (grain === "month") return monthOf(first.slice(0, 7));
  return grain === "week" ? `Week of ${day(first)}` : day(first);
}

/** A period as an axis has room for: a week is its first day. */
export function periodShort(first: string, grain: Grain): string {
  if (grain === "quarter" || grain === "month") return period(first, grain);
  return written(first, `${first}T00:00:00Z`, { day: "numeric", month: "short", timeZone: "UTC" });
}

const STEPS: [Intl.RelativeTimeFormatUnit, number][] = [
  ["year", 31_557_600],
  ["month", 2_629_800],
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
];

/** `3 minutes ago`; `just now` under ten seconds. */
export function ago(value: string, now: number): string {
  const seconds = (new Date(value).getTime() - now) / 1000;
  const relative = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" });
  if (Math.abs(seconds) < 10) return "just now";
  for (const [unit, size] of STEPS) {
    if (Math.abs(seconds) >= size) return relative.format(Math.round(seconds / size), unit);
  }
  return relative.format(Math.round(seconds), "second");
}

/** A length of time in its two largest units: `3 min 12 s`. */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  if (whole < 86_400) return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
  return `${Math.floor(whole / 86_400)} d ${Math.floor((whole % 86_400) / 3600)} h`;
}
