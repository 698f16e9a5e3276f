/** What can be told from the text of a statement and of what is said about it. */

/** A place in a text; lines and columns count from one. */
export interface Place {
  line: number;
  column: number;
}

/** The place that an error names at its end: `… (line 2, column 8)`. */
export function placeIn(message: string): Place | undefined {
  const found = /\(line (\d+), column (\d+)\)\.?$/.exec(message.trim());
  return found ? { line: Number(found[1]), column: Number(found[2]) } : undefined;
}

/** The offset of a place in a text; the end of its line, or of the text, where it lies beyond. */
export function offsetOf(text: string, place: Place): number {
  const lines = text.split("\n");
  const line = Math.min(place.line, lines.length);
  const before = lines.slice(0, line - 1).reduce((sum, one) => sum + one.length + 1, 0);
  // The engine counts characters, a text of this language counts halves of some.
  const characters = Array.from(lines[line - 1] ?? "");
  return before + characters.slice(0, place.column - 1).join("").length;
}

/** From an offset to the end of the word that stands there; one character where none does. */
export function wordAt(text: string, offset: number): { from: number; to: number } {
  const from = Math.min(offset, Math.max(0, text.length - 1));
  const word = /^(?:"[^"\n]*"|[\p{L}\p{N}_.]+)/u.exec(text.slice(from));
  return { from, to: Math.min(text.length, from + (word?.[0].length ?? 1)) };
}

/** Words that mean something else without quotes, as far as they are names of columns here. */
const RESERVED = new Set(["offset", "order", "group", "from", "select", "where", "limit", "end", "values"]);

/** A name as it is written in a statement. */
export function quoted(name: string): string {
  return /^[a-z_][a-z0-9_]*$/.test(name) && !RESERVED.has(name) ? name : `"${name.replaceAll('"', '""')}"`;
}

/** The first words of a statement on one line, for a list. */
export function shortStatement(sql: string, most = 120): string {
  const line = sql
    .replaceAll(/--[^\n]*/g, " ")
    .replaceAll(/\s+/g, " ")
    .trim();
  return line.length > most ? `${line.slice(0, most - 1)}…` : line;
}

/** A name for the file of an answer. */
export function fileName(name: string | undefined): string {
  const plain = (name ?? "").toLowerCase().replaceAll(/[^\p{L}\p{N}]+/gu, "-");
  return plain.replaceAll(/^-+|-+$/g, "") || "answer";
}
