import { figureShort, figureText } from "#/features/analytics/metrics/figures.ts";
import type { FigureValue } from "#/features/analytics/metrics/queries.ts";
import { duration } from "#/lib/format.ts";
import type { Measure } from "./model.ts";

/** A figure of a measure in full; a length of time in its two largest units. */
export function measureText(value: FigureValue | null | undefined, measure: Measure | undefined): string {
  if (value === null || value === undefined) return "–";
  if (measure === "session_seconds" && typeof value === "number") return duration(value);
  return figureText(value, measure === "engaged_share" ? "share" : "count");
}

/** The same with three significant digits. */
export function measureShort(value: FigureValue, measure: Measure | undefined): string {
  if (measure === "session_seconds" && typeof value === "number") return duration(value);
  return figureShort(value, measure === "engaged_share" ? "share" : "count");
}
