import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { api } from "#/api/http.ts";
import type { Money } from "#/lib/format.ts";

/** Money as `{amount, currency}`, everything else as a number. */
export type FigureValue = Money | number;

/** What the numbers of a metric are. */
export type Unit = "count" | "money" | "share" | "times" | "days" | "months" | "per_month";

/** Which way is good. */
export type Direction = "up_is_good" | "down_is_good" | "neutral";

/** One value: absent is not zero, and says why. */
export interface Cell {
  value?: FigureValue | null;
  previous?: FigureValue | null;
  /** Value less previous, as a part of previous. */
  change?: number | null;
  reason?: string | null;
}

/** One part of a row's key: what to give back, and what to show. */
export interface KeyPart {
  value: string;
  label: string;
}

/** Two dates, both included. */
export interface Span {
  from: string;
  to: string;
}

/** How far the events behind an answer were read. */
export interface AsOf {
  offset: number;
  at?: string | null;
  lag_seconds: number;
}

/** A question; it is given back to the server as it came. */
export interface MetricQuery {
  metrics: string[];
  dimensions: string[];
  [rest: string]: unknown;
}

/** The attribution models and the metrics that there are. */
export interface Registry {
  metrics: { id: string; name: string; unit: Unit; definition: string; decision: string }[];
  models: { id: string; name: string; description: string; conserves: boolean }[];
  default_model: string;
  default_lookback_days: number;
}

/** The registry. */
export const registryQuery = queryOptions({
  queryKey: ["metrics-registry"],
  queryFn: ({ signal }) => api.get<Registry>("/metrics-registry", {}, signal),
  staleTime: Number.POSITIVE_INFINITY,
});

/** One row behind a number. */
export interface DrillRow {
  kind: string;
  id: string;
  label: string;
  at?: string | null;
  date: string;
  value: FigureValue;
  person?: string | null;
  event_offset?: number | null;
  facts: { name: string; text: string }[];
}

/** One number of a formula, and its rows. */
export interface DrillPart {
  name: string;
  value: FigureValue;
  rows_total: number;
  rows: DrillRow[];
  next_cursor?: string | null;
  sql: string;
}

/** What is behind a number. */
export interface DrillAnswer {
  metric: string;
  name: string;
  unit: Unit;
  definition: string;
  decision: string;
  formula: string;
  formula_with_numbers: string;
  value: Cell;
  range: Span;
  filters: string[];
  parts: DrillPart[];
  rows_hidden: boolean;
  sql: string;
  watermark: AsOf;
}

/** Which number to open. */
export interface DrillRequest {
  query: MetricQuery;
  metric: string;
  key?: string[];
}

/** Opens a number. */
export function drillQuery(request: DrillRequest | undefined) {
  return queryOptions({
    queryKey: ["drill", request],
    queryFn: () => api.post<DrillAnswer>("/query/drill", { ...request, limit: 200 }),
    enabled: request !== undefined,
    placeholderData: keepPreviousData,
  });
}
