import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { answer, client, type Schemas } from "#/api/client.ts";
import { api } from "#/api/http.ts";
import type { Money } from "#/lib/format.ts";

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

/** Opens a number. */
export function drillQuery(request: DrillRequest | undefined) {
  return queryOptions({
    queryKey: ["drill", request],
    queryFn: () => api.post<DrillAnswer>("/query/drill", { ...request, limit: 200 }),
    enabled: request !== undefined,
    placeholderData: keepPreviousData,
  });
}
