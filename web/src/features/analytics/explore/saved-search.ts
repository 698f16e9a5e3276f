import type { ExploreSearch, Saved } from "./queries.ts";

/** The address of a saved exploration. */
export function searchOf(saved: Saved): ExploreSearch {
  const { range, ...question } = saved.exploration;
  return { from: range.from, to: range.to, q: JSON.stringify(question), saved: saved.id, cell: undefined };
}
