import { describe, expect, it } from "vitest";
import { type Marks, marksOf, readDecimal, writeDecimal } from "./decimal.ts";

const ENGLISH: Marks = { decimal: ".", group: "," };
const GERMAN: Marks = { decimal: ",", group: "." };

const money = (text: string, marks: Marks) => {
  const reading = readDecimal(text, 2, marks);
  return reading.state === "good" ? reading.value : reading.state;
};

describe("a typed amount", () => {
  it.each([
    ["1250", "1250"],
    ["1250.5", "1250.5"],
    ["1250,50", "1250.50"],
    ["1.250,50", "1250.50"],
    ["1,250.50", "1250.50"],
    ["1 250,50", "1250.50"],
    ["1’250.50", "1250.50"],
    ["1.234.567", "1234567"],
    ["0,9", "0.9"],
    [".5", "0.5"],
    ["007", "7"],
    ["−12,5", "-12.5"],
    ["12,", "12"],
  ])("%s means the same everywhere", (text, value) => {
    expect(money(text, ENGLISH)).toBe(value);
    expect(money(text, GERMAN)).toBe(value);
  });

  it("follows the locale where one mark stands before three digits, and refuses what the locale does not settle", () => {
    expect(money("1.250", GERMAN)).toBe("1250");
    expect(money("1,250", ENGLISH)).toBe("1250");
    expect(money("1.250", ENGLISH)).toBe("bad");
    expect(money("1,250", GERMAN)).toBe("bad");
    expect(readDecimal("1,250", 2, GERMAN)).toEqual({
      state: "bad",
      problem: "This can be 1250 or 1,25. Write it one of these two ways.",
    });
  });

  it("of a rate may have many decimals", () => {
    expect(readDecimal("0,9184", 9, GERMAN)).toEqual({ state: "good", value: "0.9184" });
    expect(readDecimal("1.084", 9, ENGLISH)).toEqual({ state: "good", value: "1.084" });
    expect(readDecimal("1.084", 9, GERMAN).state).toBe("bad");
  });

  it.each(["12a", "1.2.3", "1,2.3,4", "--1", "12.345.6", "1.234567"])("%s is no amount", (text) => {
    expect(money(text, ENGLISH)).toBe("bad");
  });

  it("is read back as it was written", () => {
    expect(writeDecimal("12500.00", GERMAN)).toBe("12500,00");
    expect(marksOf("de")).toEqual(GERMAN);
    expect(marksOf("en")).toEqual(ENGLISH);
  });
});
