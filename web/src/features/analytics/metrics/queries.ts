import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { answer, client, type Schemas } from "#/api/client.ts";
import { api } from "#/api/http.ts";
import type { Money } from "#/lib/format.ts";
import { compact } from "#/lib/search.ts";

/** Money as `{amount, currency}`, everything else as a number. */
export type FigureValue = Money | number;

/** What the numbers of a metric are. */
export type Unit = "count" | "money" | "share" | "times" | "days" | "months" | "per_month";

/** Which way is good. */
export type Direction = "up_is_good" | "down_is_good" | "neutral";

/** One value: absent is not zero, and says why. */
export type Cell = Schemas["Cell"];

/** One part of a row's key: what to give back, and what to show. */
export type KeyPart = Schemas["KeyPart"];

/** Two dates, both included. */
export type Span = Schemas["Span"];

/** How far the events behind an answer were read. */
export type AsOf = Schemas["AsOf"];

/** A question; it is given back to the server as it came. */
export interface MetricQuery {
  metrics: string[];
  dimensions: string[];
  [rest: string]: unknown;
}

/** The attribution models and the metrics that there are. */
export type Registry = Schemas["Registry"];

/** The registry. */
export const registryQuery = queryOptions({
  queryKey: ["metrics-registry"],
  queryFn: ({ signal }) => answer(client.GET("/api/v1/metrics-registry", { signal })),
  staleTime: Number.POSITIVE_INFINITY,
});

/** One row behind a number. */
export type DrillRow = Schemas["DrillRow"];

/** One number of a formula, and its rows. */
export type DrillPart = Schemas["DrillPart"];

/** What is behind a number. */
export type DrillAnswer = Schemas["DrillAnswer"];

/** Which number to open. */
export interface DrillRequest {
  query: MetricQuery;
  metric: string;
  key?: string[];
}

const DRILL_ROWS = 200;

/** Opens a number. */
export function drillQuery(request: DrillRequest | undefined) {
  return queryOptions({
    queryKey: ["drill", request],
    queryFn: ({ signal }) => api.post<DrillAnswer>("/query/drill", { ...request, limit: DRILL_ROWS }, signal),
    enabled: request !== undefined,
  });
}

/** What made a number another one than it was. */
export type MetricBridge = Schemas["MetricBridge"];

/** The steps from what was known at the moment of a request to what is known now. */
export function bridgeQuery(request: DrillRequest, answer: DrillAnswer) {
  const question = bridged(request, answer);
  return queryOptions({
    queryKey: ["metric-bridge", question],
    queryFn: async ({ signal }) => {
      const { metrics } = await api.post<Schemas["QueryBridge"]>("/query/bridge", question, signal);
      return metrics[0];
    },
  });
}

const TIME = ["day", "week", "month", "quarter"];

/** The question of one number: the parts of its key as filters, a period as dates. */
export function bridged({ query, metric, key }: DrillRequest, { range }: Pick<DrillAnswer, "range">): MetricQuery {
  const asked = Array.isArray(query.filters) ? query.filters : [];
  const grain = typeof query.grain === "string" ? [query.grain] : [];
  const dimensions = [...grain, ...query.dimensions.filter((one) => one !== grain[0])];
  const parts = dimensions.flatMap((dimension, place) => {
    const value = key?.[place];
    return value === undefined || dimension === "model" || TIME.includes(dimension)
      ? []
      : [{ dimension, op: "in", values: [value] }];
  });
  const model = key?.[dimensions.indexOf("model")];
  return {
    ...query,
    ...(model === undefined ? {} : { model }),
    metrics: [metric],
    order_by: undefined,
    dimensions: [],
    grain: undefined,
    range: { from: range.from, to: range.to },
    filters: [...asked, ...parts],
  };
}

/** The rows of one part: those that came with the answer, and what its cursor leads to. */
export function drillRowsQuery(request: DrillRequest, answer: DrillAnswer, part: DrillPart) {
  return infiniteQueryOptions({
    // A cursor counts rows of one answer: a later answer begins anew.
    queryKey: ["drill-rows", request, part.name, answer.watermark.offset, part.rows_total, part.value],
    queryFn: async ({ pageParam: cursor, signal }) => {
      const more = await api.post<DrillAnswer>("/query/drill", { ...request, limit: DRILL_ROWS, cursor }, signal);
      return more.parts.find((one) => one.name === part.name) ?? { ...part, rows: [], next_cursor: null };
    },
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last: DrillPart) => last.next_cursor ?? undefined,
    initialData: { pages: [part], pageParams: [undefined] },
    staleTime: Number.POSITIVE_INFINITY,
  });
}

/** Whose touches count for a deal. */
export const JOURNEYS = [
  { value: "company", label: "the whole company" },
  { value: "person", label: "the deal’s people" },
] as const;

export type Journey = (typeof JOURNEYS)[number]["value"];

/** Which touches of a deal count, and for what; as it stands in an address. */
export interface JourneySearch {
  goal?: DealGoal | undefined;
  lookback?: number | undefined;
  journey?: Journey | undefined;
}

/** What a deal can be credited for. */
export const DEAL_GOALS = [
  { value: "deal_won", label: "deals won" },
  { value: "deal_created", label: "deals created" },
] as const;

export type DealGoal = (typeof DEAL_GOALS)[number]["value"];

/** The journeys behind a question, as its deals are opened with. */
export function journeyOf(query: MetricQuery, goal: string | null | undefined): JourneySearch {
  return compact({
    goal: DEAL_GOALS.find((one) => one.value === goal)?.value,
    lookback: typeof query.lookback_days === "number" ? query.lookback_days : undefined,
    journey: JOURNEYS.find((one) => one.value === query.journey)?.value,
  });
}
