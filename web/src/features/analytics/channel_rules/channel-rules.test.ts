import { expect, test } from "vitest";
import { isSame, lineOf, moved, newRule, readyToSend, valuesOf } from "./model.ts";

test("a rule moves up and down, and not beyond the ends", () => {
  expect(moved(["a", "b", "c"], 2, 0)).toEqual(["c", "a", "b"]);
  expect(moved(["a", "b", "c"], 0, 1)).toEqual(["b", "a", "c"]);
  expect(moved(["a", "b"], 0, -1)).toEqual(["a", "b"]);
  expect(moved(["a", "b"], 1, 2)).toEqual(["a", "b"]);
});

test("several texts are written in one line", () => {
  const values = valuesOf("one_of", "a, b,");
  expect(values).toEqual(["a", "b", ""]);
  expect(lineOf({ field: "source", test: "one_of", values })).toBe("a, b, ");
  expect(valuesOf("equals", "a, b")).toEqual(["a, b"]);
});

test("what is left empty at the end is not sent, a condition without a text is", () => {
  const rule = newRule();
  const none = { channels: [], sites: [], visitors: [] };
  const several = { field: "source" as const, test: "one_of" as const, values: ["a ", ""] };
  const draft = { ...none, channels: [{ ...rule, all: [several] }] };
  expect(readyToSend(draft).channels[0]?.all[0]?.values).toEqual(["a"]);
  expect(readyToSend({ ...none, channels: [rule] }).channels[0]?.all[0]?.values).toEqual([""]);
  expect(isSame(none, readyToSend(none))).toBe(true);
  expect(isSame(none, draft)).toBe(false);
});
