/** What this browser remembers of the console: the draft, and the last questions. Each workspace has its own. */
import { recall, remember } from "#/lib/storage.ts";

/** Most questions that are remembered. */
export const HISTORY_MAX = 50;

/** A question that ran, or that made room for another before it was saved. */
export interface Remembered {
  sql: string;
  /** When, in milliseconds. */
  at: number;
  /** Rows of the answer; absent when it did not run or failed. */
  rows?: number;
  /** What went wrong. */
  problem?: string;
  /** It never ran: it was put aside when another was opened. */
  aside?: boolean;
}

/** What is being written. */
export interface Draft {
  sql: string;
  /** The saved question it is a change of. */
  saved?: string | undefined;
  /** The version of it that the change began from. */
  version?: number | undefined;
}

function parsed<Value>(text: string | null, is: (value: unknown) => value is Value): Value | undefined {
  try {
    const value: unknown = JSON.parse(text ?? "null");
    return is(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isDraft(value: unknown): value is Draft {
  return typeof value === "object" && value !== null && typeof (value as Draft).sql === "string";
}

function isRemembered(value: unknown): value is Remembered {
  return isDraft(value) && typeof (value as unknown as Remembered).at === "number";
}

/** The last questions, the newest first. */
export function history(workspace: string): Remembered[] {
  return parsed(recall(`sql.history.${workspace}`), Array.isArray)?.filter(isRemembered) ?? [];
}

/** Puts a question in front; the same text is there once. */
export function withRemembered(known: readonly Remembered[], one: Remembered): Remembered[] {
  if (one.sql.trim() === "") return [...known];
  const others = known.filter((other) => other.sql.trim() !== one.sql.trim());
  return [one, ...others].slice(0, HISTORY_MAX);
}

/** Remembers a question. */
export function rememberQuestion(workspace: string, one: Remembered): Remembered[] {
  const known = history(workspace);
  // What ran before keeps its outcome when it is only put aside.
  const same = one.aside ? known.find((other) => other.sql.trim() === one.sql.trim()) : undefined;
  const next = withRemembered(known, same ?? one);
  remember(`sql.history.${workspace}`, JSON.stringify(next));
  return next;
}

/** Forgets all questions. */
export function forgetHistory(workspace: string): void {
  remember(`sql.history.${workspace}`, null);
}

/** The draft. */
export function draftOf(workspace: string): Draft | undefined {
  return parsed(recall(`sql.draft.${workspace}`), isDraft);
}

/** Keeps the draft. */
export function keepDraft(workspace: string, draft: Draft): void {
  remember(`sql.draft.${workspace}`, JSON.stringify(draft));
}
