import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import type { Schemas } from "#/api/client.ts";
import { api } from "#/api/http.ts";
import type { Span } from "#/features/analytics/metrics/queries.ts";

/** What credit is split by. */
export const DIMENSIONS = [
  { value: "channel", label: "Channel" },
  { value: "source", label: "Source" },
  { value: "medium", label: "Medium" },
  { value: "campaign", label: "Campaign" },
  { value: "content", label: "Content" },
  { value: "landing_page", label: "Landing page" },
  { value: "country", label: "Country" },
  { value: "device", label: "Device" },
] as const;

export type Dimension = (typeof DIMENSIONS)[number]["value"];

/** What is attributed. */
export const GOALS = [
  { value: "deal_won", label: "deals won" },
  { value: "deal_created", label: "deals created" },
] as const;

export type Goal = (typeof GOALS)[number]["value"];

/** Whose touches count for a deal. */
export const JOURNEYS = [
  { value: "company", label: "the whole company" },
  { value: "person", label: "the deal’s people" },
] as const;

export type Journey = (typeof JOURNEYS)[number]["value"];

/** What the reader chose; it all stands in the address. */
export interface AttributionSearch {
  from?: string | undefined;
  to?: string | undefined;
  dimension?: Dimension | undefined;
  goal?: Goal | undefined;
  lookback?: number | undefined;
  journey?: Journey | undefined;
  models?: string[] | undefined;
  channel?: string | undefined;
}

/** One model of the comparison. */
export type ModelColumn = Schemas["ModelColumn"];

/** One row: the credit of one key under every model. */
export type ModelRow = Schemas["ModelRow"];

/** The models side by side. */
export type AttributionAnswer = Omit<Schemas["AttributionAnswer"], "dimension"> & { dimension: string };

/** The request of a comparison. */
export interface AttributionRequest {
  range: Span;
  goal: Goal;
  dimension: Dimension;
  models?: string[] | undefined;
  lookback_days?: number | undefined;
  journey?: Journey | undefined;
  filters?: { dimension: string; op: "in"; values: string[] }[];
}

/** The credit of every key under every model. */
export function attributionQuery(request: AttributionRequest) {
  return queryOptions({
    queryKey: ["attribution", request],
    queryFn: () => api.post<AttributionAnswer>("/attribution", { ...request, limit: 200 }),
    placeholderData: keepPreviousData,
  });
}

/** The credit of one touch under one model. */
export type TouchCredit = Schemas["TouchCredit"];

/** One touch of a deal. */
export type DealTouch = Schemas["DealTouch"];

/** The touches of a deal, with their credit under every model. */
export type DealAttribution = Schemas["DealAttribution"];

/** The touches behind one deal. */
export function dealAttributionQuery(id: string) {
  return queryOptions({
    queryKey: ["attribution", "deal", id],
    queryFn: ({ signal }) => api.get<DealAttribution>(`/attribution/deals/${id}`, {}, signal),
  });
}
