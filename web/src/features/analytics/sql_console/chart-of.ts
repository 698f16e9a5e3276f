/** From an answer to a chart: which columns can be drawn, a first guess, and the series. */
import type { ChartData } from "#/ui/chart-model.ts";
import type { ChartSpec, SqlColumn, SqlResult } from "./queries.ts";

/** Most places along the axis. */
export const PLACES_MAX = 2_000;

/** Whether a column holds numbers. */
export function isNumber(column: SqlColumn): boolean {
  return column.type === "int" || column.type === "float";
}

const DATE = /^\d{4}-\d{2}(-\d{2})?([T ].*)?$/;

function isTime(result: SqlResult, place: number): boolean {
  const kind = result.columns[place]?.type;
  if (kind === "timestamp" || kind === "date") return true;
  const values = result.rows.slice(0, 50).map((row) => row[place]);
  const known = values.filter((value) => value !== null);
  return kind === "text" && known.length > 0 && known.every((value) => DATE.test(String(value)));
}

/** The chart that most probably is meant; none when there is nothing to draw. */
export function guess(result: SqlResult): ChartSpec | undefined {
  const { columns } = result;
  const y = columns.filter(isNumber).map((column) => column.name);
  const others = columns.flatMap((column, place) => (isNumber(column) ? [] : [{ name: column.name, place }]));
  const [first] = y;
  const x = others.find(({ place }) => isTime(result, place)) ?? others[0];
  if (first === undefined || x === undefined || result.rows.length === 0) return undefined;
  const series = others.find(({ name }) => name !== x.name)?.name;
  const kind = isTime(result, x.place) ? "line" : "rows";
  return series === undefined
    ? { kind, x: x.name, y: y.slice(0, 4), stacked: false }
    : { kind, x: x.name, y: [first], series, stacked: false };
}

/** Whether an answer has the columns of a chart. */
export function fits(spec: ChartSpec, columns: readonly SqlColumn[]): boolean {
  const names = new Set(columns.map((column) => column.name));
  return [spec.x, ...spec.y, ...(spec.series ? [spec.series] : [])].every((name) => names.has(name));
}

/** A value of the axis or of a series as text; nothing has a name of its own. */
export function categoryOf(value: unknown): string {
  if (value === null || value === undefined) return "null";
  return value === "" ? "(empty)" : String(value);
}

function numberOf(value: unknown): number | null {
  return typeof value === "number" ? value : null;
}

/** A chart, and what must be said about it. */
export interface Drawn {
  data: ChartData;
  /** Places along the axis that are left out. */
  left: number;
  /** Rows that stand in the place of another and were added to it. */
  added: number;
}

/** Draws an answer. Rows of one place in one series are added up. */
export function drawn(result: SqlResult, spec: ChartSpec): Drawn | undefined {
  const placeOf = (name: string) => result.columns.findIndex((column) => column.name === name);
  if (!fits(spec, result.columns)) return undefined;
  const x = placeOf(spec.x);
  const by = spec.series === undefined || spec.series === null ? -1 : placeOf(spec.series);
  const ys = (by >= 0 ? spec.y.slice(0, 1) : spec.y).map((name) => ({ name, place: placeOf(name) }));
  const categories = new Map<string, number>();
  const series = new Map<string, Map<number, number | null>>();
  let added = 0;
  for (const row of result.rows) {
    const category = categoryOf(row[x]);
    const at = categories.get(category) ?? categories.size;
    categories.set(category, at);
    for (const { name, place } of ys) {
      const key = by >= 0 ? categoryOf(row[by]) : name;
      const values = series.get(key) ?? new Map<number, number | null>();
      series.set(key, values);
      const value = numberOf(row[place]);
      const before = values.get(at);
      if (before === undefined || before === null) values.set(at, value);
      else if (value !== null) {
        values.set(at, before + value);
        added += 1;
      }
    }
  }
  const names = [...categories.keys()];
  const order = names.map((_, place) => place);
  // Time runs to the right, in whatever order the rows come.
  if (spec.kind !== "rows" && isTime(result, x)) order.sort((a, b) => ((names[a] ?? "") < (names[b] ?? "") ? -1 : 1));
  if (spec.kind === "rows") {
    const sums = order.map((place) => [...series.values()].reduce((sum, one) => sum + (one.get(place) ?? 0), 0));
    order.sort((a, b) => (sums[b] ?? 0) - (sums[a] ?? 0));
  }
  const shown = order.slice(0, spec.kind === "rows" ? 60 : PLACES_MAX);
  return {
    added,
    left: names.length - shown.length,
    data: {
      kind: spec.kind,
      categoryName: spec.x,
      categories: shown.map((place) => names[place] ?? ""),
      stacked: spec.stacked === true,
      series: [...series].map(([name, values]) => ({ name, values: shown.map((place) => values.get(place) ?? null) })),
    },
  };
}

/** A chart as it stands in the address. */
export function chartText(spec: ChartSpec | undefined): string | undefined {
  return spec && JSON.stringify([spec.kind, spec.x, spec.y, spec.series ?? null, spec.stacked === true ? 1 : 0]);
}

/** Reads a chart from the address. */
export function parseChart(text: string | undefined): ChartSpec | undefined {
  try {
    const [kind, x, y, series, stacked] = JSON.parse(text ?? "[]") as unknown[];
    if (kind !== "line" && kind !== "bar" && kind !== "rows") return undefined;
    if (typeof x !== "string" || !Array.isArray(y) || y.length === 0) return undefined;
    if (!y.every((name) => typeof name === "string")) return undefined;
    return { kind, x, y, stacked: stacked === 1, ...(typeof series === "string" ? { series } : {}) };
  } catch {
    return undefined;
  }
}
