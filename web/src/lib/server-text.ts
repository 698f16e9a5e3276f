/** Texts that the server writes for every reader alike, in the marks of one's language. */

import { dateTime, day, type Money, money, moneyRound, monthOf, number, percent } from "./format.ts";

const MOMENT = /\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?Z/;
// A campaign may be called `2026-03-newsletter`: a date stands for itself.
const DATE = /(?<![\w-])\d{4}-(?:0[1-9]|1[0-2])(?:-(?:0[1-9]|[12]\d|3[01]))?(?![\w-])/;
const DIGITS = /\d[\d\u00a0\u2009\u202f]*(?:\.\d+)?/;
const AMOUNT = new RegExp(
  `(?<![\\w.])(?<sign>[+\\u2212]?)(?<amount>${DIGITS.source})[ \\u00a0](?<currency>[A-Z]{3})(?!\\w)`,
);
const SHARE = /(?<![\w.])(?<share>\d+(?:\.\d+)?)[ \u00a0]%/;
const NUMBER = /(?<![\w.,-])\d+(?:\.\d+)?(?![\w.-])/;

const TEXT = anyOf(MOMENT, DATE, AMOUNT, SHARE);
const FORMULA = anyOf(AMOUNT, SHARE, NUMBER);

function anyOf(...marks: RegExp[]): RegExp {
  return new RegExp(marks.map((mark) => mark.source).join("|"), "g");
}

/** A sentence with its moments, dates, months, amounts (`1234.50 EUR`) and shares (`12.5 %`) written out. */
export function sentence(text: string): string {
  return text.replaceAll(
    TEXT,
    written((value) => (value.amount.includes(".") ? money(value) : moneyRound(value))),
  );
}

/** A formula with its amounts, shares and numbers written out. */
export function formula(text: string): string {
  // To the cent, as the numbers below it.
  return text.replaceAll(FORMULA, written(money));
}

/** A text that begins a line. */
export function capital(text: string): string {
  return text.charAt(0).toLocaleUpperCase() + text.slice(1);
}

function written(amountText: (value: Money) => string): (found: string, ...rest: unknown[]) => string {
  return (found, ...rest) => {
    const { sign, amount, currency, share } = rest.at(-1) as Record<string, string | undefined>;
    if (amount !== undefined && currency !== undefined) {
      if (!isCurrency(currency)) return found;
      // No line ends between the sign and the amount.
      return `${sign ? `${sign}\u2060` : ""}${amountText({ amount: amount.replaceAll(/[^\d.]/g, ""), currency })}`;
    }
    if (share !== undefined) return percent(Number(share) / 100);
    if (!/^\d{4}-\d{2}/.test(found)) return number(Number(found));
    if (!isDate(found)) return found;
    if (found.includes("T")) return dateTime(found);
    return found.length === 7 ? monthOf(found) : day(found);
  };
}

/** A month has no 31st because it is written: `2026-02-31` is a name. */
function isDate(text: string): boolean {
  const at = new Date(text);
  return !Number.isNaN(at.getTime()) && at.toISOString().startsWith(text.slice(0, 10));
}

let currencies: Set<string> | undefined;

/** `3 SQL` is no amount. */
function isCurrency(code: string): boolean {
  currencies ??= new Set(Intl.supportedValuesOf("currency"));
  return currencies.has(code);
}
