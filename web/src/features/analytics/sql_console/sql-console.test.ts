import { describe, expect, it } from "vitest";
import { chartText, drawn, fits, guess, parseChart } from "./chart-of.ts";
import { exactJson } from "./exact-json.ts";
import { EXAMPLES } from "./examples.ts";
import { HISTORY_MAX, type Remembered, withRemembered } from "./history.ts";
import type { SqlResult, SqlRun } from "./queries.ts";
import { plain, tabbed } from "./result-table.tsx";
import { progressText } from "./runs-view.tsx";
import { matching } from "./schema-browser.tsx";
import { fileName, offsetOf, placeIn, quoted, shortStatement, wordAt } from "./statement.ts";
import { firstText } from "./use-draft.ts";

function result(columns: [string, string][], rows: unknown[][]): SqlResult {
  return {
    columns: columns.map(([name, type]) => ({ name, type })),
    rows,
    truncated: false,
    rows_read: 0,
    watermark: { offset: 1, at: null, lag_seconds: 0 },
  } as SqlResult;
}

describe("the place of a mistake", () => {
  it("is read from the end of a message and found in the text", () => {
    const place = placeIn("No field named nmae. (line 3, column 7)");
    expect(place).toEqual({ line: 3, column: 7 });
    expect(placeIn("Nothing here (line 3) at all")).toBeUndefined();
    const text = "select name\nfrom events\nwhere nmae = 'x'";
    const offset = offsetOf(text, { line: 3, column: 7 });
    const word = wordAt(text, offset);
    expect(text.slice(word.from, word.to)).toBe("nmae");
  });

  it("counts characters, and stays within the text", () => {
    expect("🦀 x".slice(offsetOf("🦀 x", { line: 1, column: 3 }))).toBe("x");
    expect(offsetOf("ab", { line: 9, column: 9 })).toBe(2);
    expect(wordAt("ab", 2)).toEqual({ from: 1, to: 2 });
    expect(wordAt("", 0)).toEqual({ from: 0, to: 0 });
  });
});

describe("names", () => {
  it("are quoted where SQL would read them as something else", () => {
    expect(["person", "offset", "Größe", 'a"b', "1st"].map(quoted)).toEqual([
      "person",
      '"offset"',
      '"Größe"',
      '"a""b"',
      '"1st"',
    ]);
  });

  it("become those of files, and statements one line", () => {
    expect(fileName("Revenue / Umsatz (2026)")).toBe("revenue-umsatz-2026");
    expect(fileName("???")).toBe("answer");
    expect(shortStatement("select 1 -- one\n  from x")).toBe("select 1 from x");
    expect(shortStatement("x".repeat(200))).toHaveLength(120);
  });
});

describe("a chart", () => {
  const visits = result(
    [
      ["day", "text"],
      ["channel", "text"],
      ["visits", "int"],
    ],
    [
      ["2026-01-02", "Email", 5],
      ["2026-01-01", "Email", 3],
      ["2026-01-01", null, 2],
      ["2026-01-01", "Email", 4],
    ],
  );

  it("is guessed: time along the axis, the other text as series", () => {
    expect(guess(visits)).toEqual({ kind: "line", x: "day", y: ["visits"], series: "channel", stacked: false });
    expect(guess(result([["a", "text"]], [["x"]]))).toBeUndefined();
    expect(guess(result([["n", "int"]], [[1]]))).toBeUndefined();
    const rows = result(
      [
        ["channel", "text"],
        ["a", "float"],
        ["b", "int"],
      ],
      [["Email", 1.5, 2]],
    );
    expect(guess(rows)).toEqual({ kind: "rows", x: "channel", y: ["a", "b"], stacked: false });
  });

  it("puts time in order, adds up what meets in one place, and tells so", () => {
    const spec = guess(visits);
    const shown = spec && drawn(visits, spec);
    expect(shown?.data.categories).toEqual(["2026-01-01", "2026-01-02"]);
    expect(shown?.data.series).toEqual([
      { name: "Email", values: [7, 5] },
      { name: "null", values: [2, null] },
    ]);
    expect(shown?.added).toBe(1);
  });

  it("sorts rows by value and says how many are left out", () => {
    const many = result(
      [
        ["page", "text"],
        ["n", "int"],
      ],
      Array.from({ length: 70 }, (_, place) => [`/${place}`, place]),
    );
    const shown = drawn(many, { kind: "rows", x: "page", y: ["n"] });
    expect(shown?.data.categories[0]).toBe("/69");
    expect([shown?.data.categories.length, shown?.left]).toEqual([60, 10]);
    expect(drawn(many, { kind: "rows", x: "gone", y: ["n"] })).toBeUndefined();
    expect(fits({ kind: "rows", x: "page", y: ["n"], series: "gone" }, many.columns)).toBe(false);
  });

  it("goes through the address, and a broken one is none", () => {
    for (const example of EXAMPLES) expect(parseChart(chartText(example.chart))).toEqual(example.chart);
    for (const broken of [undefined, "", "[", "[]", '["pie","a",["b"]]', '["bar","a",[]]', '["bar",1,["b"]]']) {
      expect(parseChart(broken)).toBeUndefined();
    }
  });
});

describe("values", () => {
  it("keep every digit of a number", () => {
    expect(exactJson('{"a":[9007199254740993,-9007199254740993,5,0.5,1e300,null,"x \\" 9007199254740993"]}')).toEqual({
      a: ["9007199254740993", "-9007199254740993", 5, 0.5, 1e300, null, 'x " 9007199254740993'],
    });
    expect(exactJson('{"a":[5,"\\u00e4"]}')).toEqual({ a: [5, "ä"] });
  });

  it("are copied as a table", () => {
    const copied = tabbed(
      result(
        [
          ["a", "text"],
          ["b", "int"],
        ],
        [
          ["x\ty\n", null],
          [["l", 1], 2],
        ],
      ),
    );
    expect(copied).toBe('a\tb\nx y \t\n["l",1]\t2');
    expect(plain(undefined)).toBeNull();
  });
});

describe("what this browser remembers", () => {
  const one = (sql: string, at: number): Remembered => ({ sql, at });

  it("holds each question once, the newest first, and no more than fits", () => {
    let known: Remembered[] = [];
    for (let at = 0; at < HISTORY_MAX + 10; at += 1) known = withRemembered(known, one(`select ${at}`, at));
    expect([known.length, known[0]?.sql]).toEqual([HISTORY_MAX, `select ${HISTORY_MAX + 9}`]);
    known = withRemembered(known, one(" select 20 ", 99));
    expect([known.length, known[0]?.at]).toEqual([HISTORY_MAX, 99]);
    expect(withRemembered(known, one("  ", 100))).toEqual(known);
  });

  it("begins with the address, then with the draft", () => {
    const draft = { sql: "mine", saved: "qry_1" };
    expect(firstText({ q: "address", saved: "qry_1" }, draft)).toBe("address");
    expect(firstText({ q: undefined, saved: "qry_1" }, draft)).toBe("mine");
    expect(firstText({ q: undefined, saved: "qry_2" }, draft)).toBeUndefined();
    expect(firstText({ q: undefined, saved: undefined }, draft)).toBe("mine");
    expect(firstText({ q: undefined, saved: undefined }, undefined)).toBe("");
  });
});

describe("the tables", () => {
  const tables = [
    {
      name: "events",
      description: "",
      columns: [
        { name: "person", type: "text" },
        { name: "at", type: "timestamp" },
      ],
    },
    { name: "people", description: "", columns: [{ name: "person", type: "text" }] },
  ];

  it("are found by their name or by a column", () => {
    expect(matching(tables, "").map((table) => table.name)).toEqual(["events", "people"]);
    expect(matching(tables, "PEOPLE").map((table) => table.name)).toEqual(["people"]);
    expect(matching(tables, "at")[0]?.columns.map((column) => column.name)).toEqual(["at"]);
    expect(matching(tables, "x")).toEqual([]);
  });
});

describe("progress", () => {
  it("is told in words", () => {
    const run = { waiting: false, rows_planned: 2000, rows_read: 1000, bytes_read: 5_000_000, rows_given: 0 } as SqlRun;
    expect(progressText(run)).toBe("1,000 of 2,000 rows read (5 MB)");
    expect(progressText({ ...run, waiting: true })).toBe("waits for its turn");
    expect(progressText({ ...run, rows_planned: 0, rows_given: 7 })).toBe("no events to read, 7 given");
  });
});
