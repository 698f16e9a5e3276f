import type { Fate } from "./queries.ts";

/** Most rows the live page keeps; older ones leave at the end. */
export const FATES_MAX = 2_000;

/** Puts fates in front of those that are shown, newest first, each once. */
export function addFates(shown: readonly Fate[], arrived: readonly Fate[]): Fate[] {
  const known = new Set(shown.map((fate) => fate.sequence));
  const fresh = arrived.filter((fate) => !known.has(fate.sequence));
  if (fresh.length === 0) return shown as Fate[];
  return [...fresh, ...shown].sort((a, b) => b.sequence - a.sequence).slice(0, FATES_MAX);
}

/**
 * What stays of the fates that arrived once the stream is open again and the last ones were asked for anew. Places count
 * from the start of a server: when its newest place is lower than one that was seen before, it is another server now,
 * and what came from the one before goes.
 */
export function afterReopening(
  arrived: readonly Fate[],
  before: ReadonlySet<Fate>,
  recent: readonly Fate[],
): readonly Fate[] {
  const highest = Math.max(0, ...[...before].map((fate) => fate.sequence));
  const newest = Math.max(0, ...recent.map((fate) => fate.sequence));
  return newest >= highest ? arrived : arrived.filter((fate) => !before.has(fate));
}
