import { afterEach, describe, expect, it } from "vitest";
import { chosenMoment } from "#/ui/as-of-model.ts";
import { withOther } from "#/ui/chart-model.ts";
import { compareValues, parseSort, sortText } from "#/ui/table-model.ts";
import { nextPlace } from "#/ui/use-row-keys.ts";
import { CHANNEL_STEPS, channelStep } from "./channels.ts";
import { csvText } from "./csv.ts";
import { addDays, daysIn, isDate, PRESETS, presetOf, quarterStart } from "./dates.ts";
import {
  ago,
  dateTime,
  day,
  dayOf,
  days,
  duration,
  exactTime,
  momentOf,
  moneyShort,
  showTimesIn,
  wallTime,
  zonedTime,
} from "./format.ts";
import { compact, integer, list, moment, oneOf, text } from "./search.ts";
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
    const moments = { one: "2026-03-01T13:30:00Z", other: "yesterday" };
    expect([moment(moments, "one"), moment(moments, "other"), moment(moments, "no")]).toEqual([
      moments.one,
      undefined,
      undefined,
    ]);
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

describe("a moment that is entered", () => {
  afterEach(() => showTimesIn(undefined));
  const both = (wall: string) => [momentOf(wall), wallTime(momentOf(wall))];

  it("is the one at which clocks show it, on either side of summer time in Berlin", () => {
    showTimesIn("Europe/Berlin");
    expect(both("2026-01-15T14:30")).toEqual(["2026-01-15T13:30:00Z", "2026-01-15T14:30"]);
    expect(both("2026-07-15T14:30")).toEqual(["2026-07-15T12:30:00Z", "2026-07-15T14:30"]);
    // 29 March: 02:00 is 03:00. 25 October: 03:00 is 02:00.
    expect(both("2026-03-29T01:59")).toEqual(["2026-03-29T00:59:00Z", "2026-03-29T01:59"]);
    expect(both("2026-03-29T03:00")).toEqual(["2026-03-29T01:00:00Z", "2026-03-29T03:00"]);
    expect(both("2026-10-25T01:59")).toEqual(["2026-10-24T23:59:00Z", "2026-10-25T01:59"]);
    expect(both("2026-10-25T03:00")).toEqual(["2026-10-25T02:00:00Z", "2026-10-25T03:00"]);
    expect(both("2026-01-01T00:10")).toEqual(["2025-12-31T23:10:00Z", "2026-01-01T00:10"]);
  });

  it("is so in New York", () => {
    showTimesIn("America/New_York");
    expect(both("2026-01-15T14:30")).toEqual(["2026-01-15T19:30:00Z", "2026-01-15T14:30"]);
    expect(both("2026-07-15T23:30")).toEqual(["2026-07-16T03:30:00Z", "2026-07-15T23:30"]);
    // 8 March: 02:00 is 03:00. 1 November: 02:00 is 01:00.
    expect(both("2026-03-08T01:59")).toEqual(["2026-03-08T06:59:00Z", "2026-03-08T01:59"]);
    expect(both("2026-03-08T03:00")).toEqual(["2026-03-08T07:00:00Z", "2026-03-08T03:00"]);
    expect(both("2026-11-01T00:59")).toEqual(["2026-11-01T04:59:00Z", "2026-11-01T00:59"]);
    expect(both("2026-11-01T02:00")).toEqual(["2026-11-01T07:00:00Z", "2026-11-01T02:00"]);
  });

  it("is within an hour where the time is skipped, and one of the two where it comes twice", () => {
    for (const [zone, skipped, twice] of [
      ["Europe/Berlin", "2026-03-29T02:30", "2026-10-25T02:30"],
      ["America/New_York", "2026-03-08T02:30", "2026-11-01T01:30"],
    ] as const) {
      showTimesIn(zone);
      const shown = wallTime(momentOf(skipped));
      expect(shown).not.toBe(skipped);
      expect(Math.abs(Date.parse(`${shown}Z`) - Date.parse(`${skipped}Z`))).toBeLessThanOrEqual(3_600_000);
      expect(wallTime(momentOf(twice))).toBe(twice);
    }
  });

  it("is nothing where it is none", () => {
    expect([wallTime("soon"), wallTime(""), momentOf(""), momentOf("2026-13-41T99:00")]).toEqual(["", "", "", ""]);
  });

  it("is told with the zone of its field", () => {
    showTimesIn("America/New_York");
    expect(zonedTime("2026-07-16T03:30:00Z")).toMatch(/Jul 15.*11:30.*\(America\/New_York\)$/);
  });

  it("is asked about when it is whole and over", () => {
    showTimesIn("Europe/Berlin");
    const now = Date.parse("2026-07-15T12:30:20Z");
    expect(chosenMoment("2026-07-15T14:30", false, now)).toEqual({ kind: "moment", at: "2026-07-15T12:30:00Z" });
    expect(chosenMoment("2026-07-15T14:31", false, now)).toMatchObject({ kind: "refused" });
    expect(chosenMoment("1969-07-15T14:31", false, now)).toMatchObject({ kind: "refused" });
    // While a part is missing, a field has no text.
    expect(chosenMoment("", true, now)).toEqual({ kind: "unfinished" });
    expect(chosenMoment("", false, now)).toEqual({ kind: "none" });
  });
});
