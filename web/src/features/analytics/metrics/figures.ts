import { dateTime, duration, money, moneyRound, moneyShort, number, numberShort, percent } from "#/lib/format.ts";
import type { Figure } from "#/ui/tile.tsx";
import type { AsOf, Cell, FigureValue, Unit } from "./queries.ts";

/** A figure as a plain number, money in units of its currency; for charts and sorting, never for sums. */
export function plain(value: FigureValue): number {
  return typeof value === "number" ? value : Number(value.amount);
}

/** A figure in full. */
export function figureText(value: FigureValue, unit: Unit): string {
  if (typeof value !== "number") return money(value);
  if (unit === "share") return percent(value);
  if (unit === "times") return `${number(value)}×`;
  return `${number(value)}${SUFFIX[unit] ?? ""}`;
}

/** A figure for a table: money without its cents. */
export function figureRound(value: FigureValue, unit: Unit): string {
  return typeof value === "number" ? figureText(value, unit) : moneyRound(value);
}

/** A figure with three significant digits, for a tile. */
export function figureShort(value: FigureValue, unit: Unit): string {
  if (typeof value !== "number") return moneyShort(value);
  if (unit === "share") return percent(value);
  if (unit === "times") return `${numberShort(value)}×`;
  return `${numberShort(value)}${SUFFIX[unit] ?? ""}`;
}

const SUFFIX: Partial<Record<Unit, string>> = { days: " days", months: " months", per_month: " a month" };

/** A cell for a tile: a value, or why there is none. */
export function tileFigure(cell: Cell, unit: Unit): Figure {
  const { value } = cell;
  if (value === null || value === undefined) return { state: "unknown", text: cell.reason ?? "Not known" };
  const text = typeof value === "number" && SUFFIX[unit] ? numberShort(value) : figureShort(value, unit);
  return {
    state: "value",
    text,
    unit: typeof value === "number" ? SUFFIX[unit] : undefined,
    exact: figureText(value, unit),
  };
}

/** A cell in a table. */
export function cellText(cell: Cell, unit: Unit): string {
  return cell.value === null || cell.value === undefined ? "–" : figureRound(cell.value, unit);
}

/** How far the events were read, in words. */
export function watermarkText({ at, offset, lag_seconds }: AsOf): string {
  if (!at) return "No event yet";
  const lag = lag_seconds > 0 ? `, ${duration(lag_seconds)} behind` : "";
  return `As of ${dateTime(at)}, event ${number(offset)}${lag}`;
}
