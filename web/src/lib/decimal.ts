/** Numbers as people type them, with the marks of their locale, read into exact decimal texts. */

/** The marks of a locale. */
export interface Marks {
  decimal: "." | ",";
  /** Stands between thousands; a space or an apostrophe in many places. */
  group: string;
}

/** What a typed text says. */
export type Reading =
  | { state: "empty" }
  | { state: "good"; value: string }
  /** It is no number, or could be two; the problem says what to write instead. */
  | { state: "bad"; problem: string };

/** The marks of the user's locale. */
export function marksOf(locale?: string): Marks {
  const parts = new Intl.NumberFormat(locale, { useGrouping: "always" } as Intl.NumberFormatOptions).formatToParts(
    1_234_567.5,
  );
  const decimal = parts.find((part) => part.type === "decimal")?.value === "," ? "," : ".";
  return { decimal, group: parts.find((part) => part.type === "group")?.value ?? "" };
}

// Spaces and apostrophes stand only between thousands, wherever they are used.
const SPACES = /[\s\u00a0\u202f\u2009'’]/g;
const PLAIN = /^-?(\d[\d.,]*|[.,]\d+)$/;
const GROUPED = /^\d{1,3}([.,]\d{3})+$/;

/** Reads a number; a mark that could part thousands or decimals is a problem, never a guess. */
export function readDecimal(typed: string, decimalsMax: number, marks: Marks = marksOf()): Reading {
  const text = typed.replace(SPACES, "").replace(/[−–]/, "-");
  if (text === "") return { state: "empty" };
  const example = `Write a number such as 1250${marks.decimal}${"5".padEnd(Math.max(1, Math.min(decimalsMax, 2)), "0")}.`;
  if (!PLAIN.test(text)) return { state: "bad", problem: example };
  const sign = text.startsWith("-") ? "-" : "";
  const digits = text.slice(sign.length);
  const used = digits.replace(/\d/g, "");
  const last = used.at(-1) ?? "";
  const alike = used !== "" && [...used].every((mark) => mark === last);
  if (used === "") return decimalOf(sign, digits, "", decimalsMax);
  if (!alike) {
    // Both marks: the last one parts the decimals, the other the thousands.
    const at = digits.lastIndexOf(last);
    const whole = digits.slice(0, at);
    if (whole.includes(last) || !GROUPED.test(whole)) return { state: "bad", problem: example };
    return decimalOf(sign, whole, digits.slice(at + 1), decimalsMax);
  }
  if (used.length > 1) {
    return GROUPED.test(digits) ? decimalOf(sign, digits, "", decimalsMax) : { state: "bad", problem: example };
  }
  const [whole = "", decimals = ""] = digits.split(last);
  const canGroup = GROUPED.test(digits) && !whole.startsWith("0");
  if (!canGroup) return decimalOf(sign, whole, decimals, decimalsMax);
  // One mark with three digits after it: 1.250 is 1250 here and 1.25 there.
  const canPart = decimals.length <= decimalsMax;
  if (last === marks.decimal && canPart) return decimalOf(sign, whole, decimals, decimalsMax);
  if (last !== marks.decimal && !canPart) return decimalOf(sign, whole + decimals, "", decimalsMax);
  const short = decimals.replace(/0+$/, "");
  const small = short === "" ? whole : whole + marks.decimal + short;
  return { state: "bad", problem: `This can be ${whole}${decimals} or ${small}. Write it one of these two ways.` };
}

function decimalOf(sign: string, whole: string, decimals: string, decimalsMax: number): Reading {
  if (decimals.length > decimalsMax) {
    const problem = decimalsMax === 0 ? "Write it without decimals." : `Write it with ${decimalsMax} decimals at most.`;
    return { state: "bad", problem };
  }
  const plain = whole.replace(/[.,]/g, "").replace(/^0+(?=\d)/, "") || "0";
  return { state: "good", value: sign + plain + (decimals === "" ? "" : `.${decimals}`) };
}

/** A decimal text of the server as it is typed here: without thousands, with the locale's mark. */
export function writeDecimal(value: string, marks: Marks = marksOf()): string {
  return value.replace(".", marks.decimal);
}

/** How many decimals a currency has. */
export function decimalsOf(currency: string): number {
  try {
    return (
      new Intl.NumberFormat(undefined, { style: "currency", currency }).resolvedOptions().maximumFractionDigits ?? 2
    );
  } catch {
    // Not a currency yet: somebody is typing it.
    return 2;
  }
}

/** Whether a text has the form of a currency's code. */
export function isCurrency(text: string): boolean {
  return /^[A-Z]{3}$/.test(text);
}
