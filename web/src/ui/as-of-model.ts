import { momentOf } from "#/lib/format.ts";

/** What a field for a moment says: one that is over, none, one that is not finished, or one that cannot be asked about. */
export type Chosen =
  | { kind: "moment"; at: string }
  | { kind: "none" }
  | { kind: "unfinished" }
  | { kind: "refused"; why: string };

/** Reads what was entered, for example `2026-03-01T14:30`. A field whose parts are not all there has no text. */
export function chosenMoment(entered: string, unfinished: boolean, now: number): Chosen {
  if (entered === "") return { kind: unfinished ? "unfinished" : "none" };
  const at = momentOf(entered.slice(0, 16));
  if (at === "") return { kind: "unfinished" };
  const time = Date.parse(at);
  if (time < 0) return { kind: "refused", why: "Choose a moment after 1970." };
  if (time > now) {
    return {
      kind: "refused",
      why: "This moment is still to come. Choose one that is over, or empty the field for now.",
    };
  }
  return { kind: "moment", at };
}
