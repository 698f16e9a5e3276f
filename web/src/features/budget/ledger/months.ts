import { addDays, monthStart } from "#/lib/dates.ts";

/** The months of the half year around a month: three before, two after, as `2026-03`. */
export function monthsAround(month: string): string[] {
  return [-3, -2, -1, 0, 1, 2].map((step) => monthStart(`${month}-01`, step).slice(0, 7));
}

/** The first and the last day of a run of months. */
export function daysOf(first: string, last = first): { from: string; to: string } {
  return { from: `${first}-01`, to: addDays(monthStart(`${last}-01`, 1), -1) };
}
