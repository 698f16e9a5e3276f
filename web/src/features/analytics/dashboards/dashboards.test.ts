import { describe, expect, it } from "vitest";
import { figureShort, tileFigure, watermarkText } from "#/features/analytics/metrics/figures.ts";
import { decisionLink } from "./decision-link.ts";
import { firstIncomplete } from "./queries.ts";

const HOME = {
  range: { from: "2026-07-01", to: "2026-09-30" },
  model: "linear",
  query: { metrics: ["spend"], range: { from: "2026-07-01", to: "2026-09-30" }, lookback_days: 90 },
};

describe("a decision", () => {
  it("leads to a page of the app", () => {
    expect(decisionLink("/budget/ledger?view=unmatched", HOME)).toEqual({
      to: "/ledger",
      search: { view: "unmatched" },
    });
    expect(decisionLink("/analytics/events?view=quarantine", HOME)).toEqual({
      to: "/events",
      search: { view: "quarantine" },
    });
    expect(decisionLink("/people/imports", HOME)).toEqual({ to: "/imports", search: {} });
    expect(decisionLink("/settings/keys", HOME)).toEqual({ to: "/settings/keys", search: {} });
  });
  it("asks the models for what Home was asked for", () => {
    expect(decisionLink("/analytics/attribution?dimension=medium&channel=Unassigned", HOME)).toEqual({
      to: "/attribution",
      search: {
        from: "2026-07-01",
        to: "2026-09-30",
        models: "linear",
        lookback: "90",
        dimension: "medium",
        channel: "Unassigned",
      },
    });
  });
});

describe("a trend", () => {
  it("knows where it is not over yet", () => {
    expect(firstIncomplete([{ incomplete: false }, { incomplete: true }, { incomplete: true }])).toBe(1);
    expect(firstIncomplete([{ incomplete: false }])).toBeUndefined();
  });
});

describe("a figure", () => {
  it("is told from none and from unknown", () => {
    expect(tileFigure({ value: 0 }, "count")).toMatchObject({ state: "value", text: "0" });
    expect(tileFigure({ reason: "No deal was won." }, "money")).toEqual({ state: "unknown", text: "No deal was won." });
    expect(tileFigure({ value: 6.28 }, "per_month")).toMatchObject({ text: "6.28", unit: " a month" });
  });
  it("has at most three significant digits in a tile", () => {
    expect(figureShort(12_345, "count")).toBe("12.3K");
    expect(figureShort(0.1234, "share")).toBe("12.3%");
  });
  it("says how far the events were read", () => {
    expect(watermarkText({ offset: 0, lag_seconds: 0 })).toBe("No event yet");
    expect(watermarkText({ offset: 9, at: "2026-01-01T00:00:00Z", lag_seconds: 75 })).toMatch(
      /event 9, 1 min 15 s behind$/,
    );
  });
});
