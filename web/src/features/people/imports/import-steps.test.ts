import { describe, expect, it } from "vitest";
import { phaseOf, stepsOf, total } from "./import-steps.ts";
import type { Counts, Import } from "./queries.ts";

const counts = (part: Partial<Counts> = {}): Counts => ({
  create: 0,
  update: 0,
  unchanged: 0,
  conflict: 0,
  rejected: 0,
  skipped: 0,
  ...part,
});

it("counts the rows of the file, and not what they take back", () => {
  expect(total(counts({ create: 2, skipped: 1, withdrawn: 7, kept: 5 }))).toBe(3);
});

const standing = (part: Partial<Import>) =>
  ({ state: "failed", applied: counts(), undo: { reverted: 0, refused: 0 }, rows_total: 10, ...part }) as Import;

describe("what can be done with an import", () => {
  it("is to map and check again when the dry run failed, for nothing was written", () => {
    const steps = stepsOf(standing({ error: "Line 3 has no end." }));
    expect(steps).toMatchObject({ map: true, check: true, apply: undefined, undo: undefined, primary: "check" });
    expect(steps.text).toBe("Line 3 has no end. Nothing was written. Change the columns or check again.");
  });

  it("is to apply when writing stopped before its first row", () => {
    const checked = counts({ create: 10 });
    expect(stepsOf(standing({ checked }))).toMatchObject({ map: true, check: true, apply: "apply", primary: "apply" });
    const stopped = stepsOf(standing({ checked, state: "cancelled" }));
    expect(stopped).toMatchObject({ map: false, check: false, apply: "apply", primary: "apply" });
  });

  it("is to go on or to undo when some rows were written", () => {
    const steps = stepsOf(standing({ applied: counts({ create: 4 }), checked: counts({ create: 10 }) }));
    expect(steps).toMatchObject({ map: false, check: false, apply: "continue", undo: "undo", primary: "apply" });
    expect(steps.text).toContain("What was written stays");
  });

  it("has no undo where rows were read but nothing changed", () => {
    expect(stepsOf(standing({ applied: counts({ unchanged: 4 }) })).undo).toBeUndefined();
  });

  it("is only to go on undoing once that began", () => {
    const one = standing({ applied: counts({ create: 10 }), undo: { reverted: 3, refused: 0 } });
    expect(stepsOf(one)).toMatchObject({ apply: undefined, undo: "continue", primary: "undo" });
    expect(stepsOf(one).text).toContain("3 changes taken back");
    expect(phaseOf(one)).toBe("undo");
  });

  it("is to undo again when every row is written and the undoing failed at once", () => {
    const one = standing({ applied: counts({ create: 10 }), state: "cancelled" });
    expect(stepsOf(one)).toMatchObject({ apply: undefined, undo: "undo", primary: "undo" });
  });
});
