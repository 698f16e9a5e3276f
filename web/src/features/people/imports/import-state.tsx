import { Badge, type Tone } from "#/ui/badge.tsx";
import type { Counts, Import, ImportState, Outcome, Phase } from "./queries.ts";

const STATES: Record<ImportState, { label: string; tone: Tone }> = {
  uploaded: { label: "to be mapped", tone: "accent" },
  mapped: { label: "to be checked", tone: "accent" },
  checking: { label: "checking", tone: "accent" },
  checked: { label: "ready to apply", tone: "accent" },
  applying: { label: "applying", tone: "accent" },
  applied: { label: "applied", tone: "neutral" },
  undoing: { label: "undoing", tone: "accent" },
  undone: { label: "undone", tone: "neutral" },
  failed: { label: "failed", tone: "danger" },
  cancelled: { label: "stopped", tone: "warning" },
};

/** Where an import stands, in words. */
export function stateLabel(state: ImportState): string {
  return STATES[state].label;
}

/** Where an import stands, as a badge. */
export function ImportStateBadge({ state }: { state: ImportState }) {
  return <Badge tone={STATES[state].tone}>{stateLabel(state)}</Badge>;
}

const OUTCOME_TONES: Record<Outcome, Tone> = {
  create: "accent",
  update: "accent",
  unchanged: "neutral",
  conflict: "warning",
  rejected: "danger",
  skipped: "neutral",
};

/** What becomes of a row, as a badge. */
export function OutcomeBadge({ outcome }: { outcome: Outcome }) {
  return <Badge tone={OUTCOME_TONES[outcome]}>{outcome}</Badge>;
}

/** The report that tells most about an import now. */
export function phaseOf({ state, applied, checked }: Import): Phase | undefined {
  if (state === "undone" || state === "undoing") return "undo";
  if (total(applied) > 0) return "apply";
  return checked ? "check" : undefined;
}

/** All rows that were counted. */
export function total(counts: Counts): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

/** Whether the mapping may still be changed. */
export function canMap(state: ImportState): boolean {
  return state === "uploaded" || state === "mapped" || state === "checked";
}

/** Whether something was written that can be taken back. */
export function canUndo({ state, applied }: Import): boolean {
  const still = state === "applied" || state === "failed" || state === "cancelled";
  return still && applied.create + applied.update > 0;
}
