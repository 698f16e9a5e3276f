import { Badge, type Tone } from "#/ui/badge.tsx";
import type { ImportState } from "./queries.ts";

const STATES: Record<ImportState, { label: string; tone: Tone }> = {
  uploaded: { label: "to be checked", tone: "accent" },
  checking: { label: "checking", tone: "accent" },
  checked: { label: "ready to apply", tone: "accent" },
  applying: { label: "applying", tone: "accent" },
  applied: { label: "applied", tone: "neutral" },
  undoing: { label: "undoing", tone: "accent" },
  undone: { label: "undone", tone: "neutral" },
  failed: { label: "failed", tone: "danger" },
};

/** Where an import stands, in words. */
export function stateLabel(state: ImportState): string {
  return STATES[state]?.label ?? state;
}

/** Where an import stands, as a badge. */
export function ImportStateBadge({ state }: { state: ImportState }) {
  return <Badge tone={STATES[state]?.tone ?? "neutral"}>{stateLabel(state)}</Badge>;
}
