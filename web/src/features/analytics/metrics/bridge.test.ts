import { expect, test } from "vitest";
import { bridged } from "./queries.ts";

const query = {
  metrics: ["spend", "new_leads"],
  dimensions: ["month", "channel"],
  filters: [{ dimension: "source", op: "in", values: ["google"] }],
  range: { from: "2026-01-01", to: "2026-06-30" },
  order_by: "spend",
  as_of: "2026-07-01T00:00:00Z",
};

test("the bridge of a row asks for its part of the question alone", () => {
  const range = { from: "2026-03-01", to: "2026-03-31" };
  const asked = bridged({ query, metric: "new_leads", key: ["2026-03-01", "Email"] }, { range });
  expect(asked).toEqual({
    metrics: ["new_leads"],
    dimensions: [],
    filters: [...query.filters, { dimension: "channel", op: "in", values: ["Email"] }],
    range,
    as_of: query.as_of,
  });
});

test("the bridge of a total keeps the question as it is", () => {
  const asked = bridged({ query, metric: "spend" }, { range: query.range });
  expect(asked.filters).toEqual(query.filters);
  expect(asked.range).toEqual(query.range);
});

test("a part of a model is counted under that model", () => {
  const split = { metrics: ["deals_won"], dimensions: ["model"], range: query.range };
  expect(bridged({ query: split, metric: "deals_won", key: ["linear"] }, { range: query.range }).model).toBe("linear");
});
