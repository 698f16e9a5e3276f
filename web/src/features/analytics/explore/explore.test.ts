import { describe, expect, it } from "vitest";
import { layOut } from "./flow.ts";
import { biggestLoss, medianText } from "./funnel-words.ts";
import { conditionLabel, eventLabel, groupLabel, parseCell, parseQuestion, startOf, stopLabel } from "./model.ts";

describe("the address", () => {
  it("holds a question, and falls back quietly from a broken one", () => {
    const question = { humans_only: true, compare: "none", ask: startOf("funnel", ["a", "b"]) };
    expect(parseQuestion(JSON.stringify(question))).toEqual(question);
    for (const broken of [undefined, "", "{", "3", "null", '{"ask":3}', '{"ask":{"kind":"pie"}}'])
      expect(parseQuestion(broken)).toBeUndefined();
  });

  it("holds a cell of the question's kind only", () => {
    const cell = { kind: "funnel", step: 1, outcome: "dropped" };
    expect(parseCell(JSON.stringify(cell), "funnel")).toEqual(cell);
    expect(parseCell(JSON.stringify(cell), "trends")).toBeUndefined();
    expect(parseCell("[1", "funnel")).toBeUndefined();
  });
});

describe("a new question", () => {
  it("is about events that exist", () => {
    expect(startOf("funnel", ["a", "b", "c"])).toMatchObject({ steps: [{ name: "a" }, { name: "b" }] });
    expect(startOf("funnel", ["a"])).toMatchObject({ steps: [{ name: "a" }, { name: "a" }] });
    expect(startOf("trends", [])).toMatchObject({ series: [{}] });
  });
});

describe("words", () => {
  const columns = [{ id: "channel", name: "Channel" }];
  it("say what a condition means", () => {
    const condition = { column: "channel", op: "in", values: ["Email", ""] } as const;
    expect(conditionLabel({ ...condition, values: [...condition.values] }, columns)).toBe(
      "Channel is Email or (not set)",
    );
    expect(
      eventLabel({ name: "Signed up", conditions: [{ column: "path", op: "not_contains", values: ["x"] }] }, columns),
    ).toBe("Signed up, path does not contain x");
    expect(eventLabel({})).toBe("Any event");
  });

  it("say what a part and a stop are", () => {
    expect([groupLabel(null), groupLabel("other"), groupLabel({ value: "" })]).toEqual([
      "Everybody",
      "Other",
      "(not set)",
    ]);
    expect([stopLabel("end"), stopLabel("other"), stopLabel({ value: "/x" })]).toEqual(["Nothing more", "Other", "/x"]);
  });

  it("say how long it took as well as it is known", () => {
    expect(medianText(undefined)).toBeUndefined();
    expect(medianText({ from_seconds: 0, to_seconds: 60 })).toMatch(/^under 1/);
    expect(medianText({ from_seconds: 7_776_000 })).toMatch(/^over 90/);
    expect(medianText({ from_seconds: 3_600, to_seconds: 86_400 })).toMatch(/ to /);
  });

  it("name the largest loss", () => {
    const step = (people: number, dropped?: number) => ({ people, dropped, took: [] });
    expect(biggestLoss([step(10, 2), step(8, 5), step(3)], ["a", "b", "c"])).toContain("“b” and “c”: 5 people");
    expect(biggestLoss([step(10, 0), step(10)], ["a", "b"])).toBe("Nobody was lost on the way.");
  });
});

describe("a flow", () => {
  const found = {
    kind: "paths" as const,
    steps: [
      [{ stop: { value: "start" }, people: 10 }],
      [
        { stop: { value: "a" }, people: 6 },
        { stop: "end" as const, people: 4 },
      ],
    ],
    links: [
      { step: 0, from: 0, to: 0, people: 6 },
      { step: 0, from: 0, to: 1, people: 4 },
    ],
  };

  it("gives each stop the height of its people, and no two the same room", () => {
    const { nodes, links, height } = layOut(found, 800, false);
    const [start, a, end] = nodes;
    expect(start?.height).toBeCloseTo((a?.height ?? 0) + (end?.height ?? 0));
    expect((a?.y ?? 0) + (a?.height ?? 0)).toBeLessThan(end?.y ?? 0);
    expect(links.map((link) => link.width)).toEqual([a?.height, end?.height]);
    expect(height).toBeGreaterThan((end?.y ?? 0) + (end?.height ?? 0));
  });

  it("goes from the right when it looks back", () => {
    const [start, a] = layOut(found, 800, true).nodes;
    expect(start?.x).toBeGreaterThan(a?.x ?? Number.POSITIVE_INFINITY);
  });
});
