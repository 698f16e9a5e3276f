import { describe, expect, it } from "vitest";
import { choiceOf, fieldChoice, LEAVE_OUT, PROPERTY, withChoice, withConstant, withReading } from "./mapping-change.ts";
import type { Mapping } from "./queries.ts";

const mapping: Mapping = {
  kind: "people",
  preset: "hubspot_contacts",
  system: "hubspot",
  columns: [
    { column: 0, field: "email" },
    { column: 2, property: "Favourite colour" },
  ],
  constants: { country: "DE" },
};

describe("a mapping", () => {
  it("says what each column becomes", () => {
    expect([0, 1, 2].map((column) => choiceOf(mapping, column))).toEqual([fieldChoice("email"), LEAVE_OUT, PROPERTY]);
  });

  it("gives a field to one column only, and takes it from the values of the whole file", () => {
    const moved = withChoice(mapping, 1, "Mail", fieldChoice("email"));
    expect(moved.columns).toEqual([
      { column: 1, field: "email" },
      { column: 2, property: "Favourite colour" },
    ]);
    expect(withChoice(mapping, 1, "Land", fieldChoice("country")).constants).toEqual({});
  });

  it("is no longer the preset's once it was changed", () => {
    expect(withChoice(mapping, 2, "Favourite colour", LEAVE_OUT).preset).toBeUndefined();
  });

  it("keeps how a column is read", () => {
    const read = withReading({ ...mapping, columns: [{ column: 0, field: "created_at" }] }, 0, {
      date_order: "day_first",
    });
    expect(read.columns).toEqual([{ column: 0, field: "created_at", date_order: "day_first" }]);
  });

  it("drops an empty value of the whole file", () => {
    expect(withConstant(mapping, "country", "").constants).toEqual({});
    expect(withConstant(mapping, "currency", "EUR").constants).toEqual({ country: "DE", currency: "EUR" });
  });
});
