import { describe, expect, it } from "vitest";
import { dateTime, day, monthOf } from "./format.ts";
import { formula, sentence } from "./server-text.ts";

describe("texts of the server", () => {
  it("write amounts and shares in the marks of one's language", () => {
    expect(sentence("Spend fell by 6 % (−31\u202f351 EUR), mostly Email (+0.5 EUR).")).toBe(
      "Spend fell by 6% (−\u2060€31,351), mostly Email (+\u2060€0.50).",
    );
    expect(sentence("3 SQL queries of 12 USA visitors")).toBe("3 SQL queries of 12 USA visitors");
  });
  it("write dates that stand for themselves, and no part of a name", () => {
    expect(sentence("Email is 20 % under plan in 2026-09")).toBe(`Email is 20% under plan in ${monthOf("2026-09")}`);
    expect(sentence("Spend and plan up to 2026-09-30.")).toBe(`Spend and plan up to ${day("2026-09-30")}.`);
    const moment = "2026-03-31T22:30:00Z";
    expect(sentence(`Touch at: ${moment}`)).toBe(`Touch at: ${dateTime(moment)}`);
    expect(sentence("campaign “2026-03-newsletter” (+19)")).toBe("campaign “2026-03-newsletter” (+19)");
  });
  it("leave alone what only looks like a date", () => {
    const names = [
      "Season 2024-25",
      "2024-00",
      "2026-02-31",
      "2026-04-32",
      "2026-03-31T25:30:00Z",
      "2026-13-01T00:00:00Z",
    ];
    for (const name of names) expect(sentence(`Spend on ${name} rose`)).toBe(`Spend on ${name} rose`);
    expect(sentence("Season 2024-25 is over plan in 2024-12")).toBe(
      `Season 2024-25 is over plan in ${monthOf("2024-12")}`,
    );
    for (const write of [day, monthOf, dateTime]) expect(write("2024-25")).toBe("2024-25");
  });
  it("write the numbers of a formula", () => {
    expect(formula("7091386.125 EUR ÷ 1370 = 5176.194252 EUR")).toBe("€7,091,386.13 ÷ 1,370 = €5,176.19");
    expect(formula("(12.5 EUR − 10 EUR) ÷ 10 EUR = 25.0 %")).toBe("(€12.50 − €10.00) ÷ €10.00 = 25%");
    expect(formula("30 × 15 ÷ 92 days = 4.891")).toBe("30 × 15 ÷ 92 days = 4.89");
  });
});
