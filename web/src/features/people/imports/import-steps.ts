import { counted } from "#/lib/format.ts";
import { type Counts, type Import, OUTCOMES, type Phase } from "./queries.ts";

type Standing = Pick<Import, "state" | "applied" | "checked" | "rows_total" | "undo" | "error">;

/** What can be done with an import as it stands. At most one of them is `primary`. */
export interface Steps {
  map: boolean;
  check: boolean;
  apply: "apply" | "continue" | undefined;
  undo: "undo" | "continue" | undefined;
  primary: "check" | "apply" | "undo" | undefined;
  /** For an import that failed or was stopped: what is so now, and the way on. */
  text: string | undefined;
}

/** All rows that were counted. */
export function total(counts: Counts): number {
  return OUTCOMES.reduce((sum, outcome) => sum + counts[outcome], 0);
}

/** The report that tells most about an import now. */
export function phaseOf({ state, applied, checked, undo }: Standing): Phase | undefined {
  if (state === "undone" || state === "undoing" || undoBegan(undo)) return "undo";
  if (total(applied) > 0) return "apply";
  return checked ? "check" : undefined;
}

const NONE: Steps = {
  map: false,
  check: false,
  apply: undefined,
  undo: undefined,
  primary: undefined,
  text: undefined,
};

/** The steps that the server will take, and no others. */
export function stepsOf(one: Standing): Steps {
  switch (one.state) {
    case "uploaded":
      return { ...NONE, map: true };
    case "mapped":
      return { ...NONE, map: true, check: true, primary: "check" };
    case "checked":
      return { ...NONE, map: true, check: true, apply: "apply", primary: "apply" };
    case "applied":
      return { ...NONE, undo: wrote(one) ? "undo" : undefined };
    case "failed":
    case "cancelled":
      return stoppedSteps(one);
    default:
      return NONE;
  }
}

function stoppedSteps(one: Standing): Steps {
  const failed = one.state === "failed";
  const what = failed ? (one.error ?? "It stopped with an error.") : "It was stopped.";
  const rows = total(one.applied);
  if (undoBegan(one.undo)) {
    const text = `${what} ${counted(one.undo.reverted, "change")} taken back so far; the others still stand. Go on to take them back too.`;
    return { ...NONE, undo: "continue", primary: "undo", text };
  }
  if (rows === 0) {
    // A dry run that failed, or a writing that never came to its first row.
    const again = failed ? "Change the columns or check again." : "Apply it again when it suits.";
    return {
      ...NONE,
      map: failed,
      check: failed,
      apply: one.checked ? "apply" : undefined,
      primary: one.checked ? "apply" : failed ? "check" : undefined,
      text: `${what} Nothing was written. ${again}`,
    };
  }
  if (typeof one.rows_total === "number" && rows >= one.rows_total) {
    // Every row was written: what failed is the undoing.
    return { ...NONE, undo: "undo", primary: "undo", text: `${what} Nothing was taken back yet. Undo it again.` };
  }
  const undo = wrote(one) ? "undo" : undefined;
  const stays = undo
    ? "What was written stays; go on where it stopped, or undo it."
    : "No record was changed so far; go on where it stopped.";
  const text = `${what} ${counted(rows, "row")} of the file came to their end. ${stays}`;
  return { ...NONE, apply: "continue", undo, primary: "apply", text };
}

function undoBegan({ reverted, refused }: Standing["undo"]): boolean {
  return reverted + refused > 0;
}

function wrote({ applied }: Standing): boolean {
  return applied.create + applied.update > 0;
}
