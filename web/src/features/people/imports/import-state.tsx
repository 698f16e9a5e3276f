import { Badge, type Tone } from "#/ui/badge.tsx";
import type { ImportState, Outcome } from "./queries.ts";

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
