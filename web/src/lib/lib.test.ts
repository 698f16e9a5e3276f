import { describe, expect, it } from "vitest";
import { withOther } from "#/ui/chart-model.ts";
import { compareValues, parseSort, sortText } from "#/ui/table-model.ts";
import { nextPlace } from "#/ui/use-row-keys.ts";
import { CHANNEL_STEPS, channelStep } from "./channels.ts";
import { csvText } from "./csv.ts";
import { addDays, daysIn, isDate, PRESETS, presetOf, quarterStart } from "./dates.ts";
import { ago, dateTime, day, dayOf, days, duration, exactTime, moneyShort, showTimesIn } from "./format.ts";
import { compact, integer, list, oneOf, text } from "./search.ts";
import { sparkPaths } from "./spark.ts";

describe("csv", () => {
  it("quotes what needs it and defuses formulas, but leaves numbers alone", () => {
    const rows = [
      ["a,b", 'say "x"', "line\nbreak"],
      ["=1+1", "-12.50", "@cmd"],
      [null, -3, true],
    ];
    expect(csvText(["one", "two", "three"], rows)).toBe(
      'one,two,three\r\n"a,b","say ""x""","line\nbreak"\r\n\'=1+1,-12.50,\'@cmd\r\n,-3,true',
    );
  });
});

describe("dates", () => {
  it("knows real dates", () => {
    expect(["2024-02-29", "2023-02-29", "2023-13-01", "x"].map(isDate)).toEqual([true, false, false, false]);
  });
  it("moves over months and leap days", () => {
    expect(addDays("2024-02-28", 2)).toBe("2024-03-01");
    expect(quarterStart("2026-01-15", -1)).toBe("2025-10-01");
    expect(daysIn({ from: "2026-01-01", to: "2026-12-31" })).toBe(365);
  });
  it("finds the name of a period again", () => {
    const day = "2026-11-24";
    for (const preset of PRESETS) expect(presetOf(preset.range(day), day)?.id).toBe(preset.id);
  });
});

describe("search", () => {
  it("falls back quietly on what it does not know", () => {
    const search = { q: "ann", n: "7", kind: "other", ids: "a,b,,c" };
    expect(text(search, "q")).toBe("ann");
    expect(text(search, "absent")).toBeUndefined();
    expect(integer(search, "n", 0, 5)).toBeUndefined();
    expect(oneOf(search, "kind", ["one", "two"])).toBeUndefined();
    expect(list(search, "ids")).toEqual(["a", "b", "c"]);
    expect(compact({ a: "", b: undefined, c: "x" })).toEqual({ c: "x" });
  });
});

describe("tables", () => {
  it("write their order into the address and read it again", () => {
    for (const order of ["amount", "-amount"]) expect(sortText(parseSort(order))).toBe(order);
    expect(parseSort(undefined)).toBeUndefined();
  });
  it("order texts as people expect and numbers as numbers", () => {
    expect(["b10", "B9", "a"].sort(compareValues)).toEqual(["a", "B9", "b10"]);
    expect([10, 9].sort(compareValues)).toEqual([9, 10]);
  });
  it("move by keys and stop at the ends", () => {
    expect(nextPlace("j", 0, 0, 3)).toBe(1);
    expect(nextPlace("j", 2, 0, 3)).toBe(2);
    expect(nextPlace("k", undefined, 1, 3)).toBe(1);
    expect(nextPlace("End", 0, 0, 3)).toBe(2);
    expect(nextPlace("x", 0, 0, 3)).toBeUndefined();
  });
});

describe("charts", () => {
  it("keep the largest series and add the rest up", () => {
    const series = Array.from({ length: 10 }, (_, at) => ({ name: `s${at}`, values: [at, null] }));
    const cut = withOther({ kind: "line", categories: ["a", "b"], categoryName: "Week", series });
    expect(cut.series.map((one) => one.name)).toEqual(["s4", "s5", "s6", "s7", "s8", "s9", "Other"]);
    expect(cut.series.at(-1)?.values).toEqual([6, null]);
  });
  it("give a channel one step for ever", () => {
    expect(channelStep("Paid Search")).toBe(1);
    expect(channelStep("Other")).toBe(0);
    const unknown = channelStep("A channel of our own");
    expect(unknown).toBeGreaterThan(0);
    expect(unknown).toBeLessThanOrEqual(CHANNEL_STEPS);
  });
  it("break a tiny trend at a gap", () => {
    expect(sparkPaths([0, 2, null, 1], 30, 10).line).toBe("M0 9L10 1M30 5");
    expect(sparkPaths([null], 30, 10)).toEqual({ line: "", area: "" });
  });
});

describe("formats", () => {
  it("say how long and how long ago", () => {
    expect(duration(75)).toBe("1 min 15 s");
    expect(duration(90_061)).toBe("1 d 1 h");
    const now = Date.parse("2026-01-01T12:00:00Z");
    expect(ago("2026-01-01T11:57:00Z", now)).toBe("3 minutes ago");
    expect(ago("2026-01-01T11:59:58Z", now)).toBe("just now");
  });
  it("show a moment on the day that it has in the workspace", () => {
    showTimesIn("Europe/Berlin");
    // How an import stores the date 2026-04-01.
    const moment = "2026-03-31T22:00:00Z";
    expect(dayOf(moment)).toBe(day("2026-04-01"));
    expect(dateTime(moment)).toContain("Apr 1");
    expect(exactTime(moment)).toMatch(/\(Europe\/Berlin\)$/);
    showTimesIn("America/New_York");
    expect(dayOf(moment)).toBe(day("2026-03-31"));
    showTimesIn(undefined);
  });
  it("leave a calendar date where it is", () => {
    expect(day("2026-04-01")).toContain("Apr 1");
    expect(days({ from: "2026-04-01", to: "2026-04-01" })).toBe(day("2026-04-01"));
  });
  it("give a tile three significant digits", () => {
    expect(moneyShort({ amount: "1234567.89", currency: "EUR" })).toContain("1.23");
  });
});
