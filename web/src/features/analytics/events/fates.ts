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
