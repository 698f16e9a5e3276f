/** What a chart shows, free of the library that draws it. */

/** How a series looks: a comparison is grey, a forecast or plan dashed. */
export type SeriesLook = "solid" | "comparison" | "plan" | "forecast";

export interface ChartSeries {
  name: string;
  /** One value a category; null is a gap. */
  values: readonly (number | null)[];
  look?: SeriesLook;
  /** A token such as `var(--channel-3)`; chosen by name when absent. */
  colour?: string;
  /** Fills what is under the line, for a part of another series. */
  filled?: boolean;
  /** Overrides the chart's kind for this series, for example a plan line over bars. */
  kind?: "line" | "bar" | "step";
}

export interface ChartData {
  /** `line` and `step` for time, `bar` for amounts in time, `rows` for categories sorted by value. */
  kind: "line" | "bar" | "step" | "rows";
  categories: readonly string[];
  /** What the categories are: "Week". Heads the first column of the table. */
  categoryName: string;
  series: readonly ChartSeries[];
  /** Marks on the axis: launches, outages, changes of rules. */
  marks?: readonly { category: string; label: string }[];
  stacked?: boolean;
  /** From this category on they are not over yet: bars are hatched, lines dashed, and it is said. */
  incompleteFrom?: number | undefined;
}

/** Whether a category is not over yet. */
export function isIncomplete(data: ChartData, place: number): boolean {
  return data.incompleteFrom !== undefined && place >= data.incompleteFrom;
}

/** A category in words, with the warning that it is not over yet. */
export function categoryText(data: ChartData, place: number, label: (category: string) => string): string {
  return `${label(data.categories[place] ?? "")}${isIncomplete(data, place) ? ", not over yet" : ""}`;
}

/** Most series that can be told apart; the rest becomes "other". */
export const SERIES_MAX = 7;

/** Keeps the largest series and adds the rest up as "Other". */
export function withOther(data: ChartData): ChartData {
  const main = data.series.filter((one) => one.look === undefined || one.look === "solid");
  if (main.length <= SERIES_MAX) return data;
  const size = (one: ChartSeries) => one.values.reduce((sum: number, value) => sum + Math.abs(value ?? 0), 0);
  const kept = new Set([...main].sort((a, b) => size(b) - size(a)).slice(0, SERIES_MAX - 1));
  const rest = main.filter((one) => !kept.has(one));
  const values = data.categories.map((_, place) => {
    const known = rest.map((one) => one.values[place]).filter((value): value is number => typeof value === "number");
    return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0);
  });
  const other: ChartSeries = { name: "Other", values, colour: "var(--channel-other)" };
  return { ...data, series: [...data.series.filter((one) => kept.has(one) || !main.includes(one)), other] };
}
