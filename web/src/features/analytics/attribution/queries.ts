import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import type { Schemas } from "#/api/client.ts";
import { api } from "#/api/http.ts";
import {
  DEAL_GOALS,
  type Journey,
  type JourneySearch,
  type MetricQuery,
  type Span,
} from "#/features/analytics/metrics/queries.ts";

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

const EVENT = "event:";

/** A goal of the API: a deal's, or `event:` and the name of an event. The name may still be wanting. */
export function isGoal(goal: string): boolean {
  return goal.startsWith(EVENT) || DEAL_GOALS.some((one) => one.value === goal);
}

/** The goal of an event. */
export function eventGoal(name: string): string {
  return EVENT + name;
}

/** The event whose happening is the goal; undefined when the goal is a deal's. */
export function eventOfGoal(goal: string): string | undefined {
  return goal.startsWith(EVENT) ? goal.slice(EVENT.length).trim() : undefined;
}

/** What is attributed when nothing is chosen. */
export const DEFAULT_GOAL = "deal_won";

/** What the reader chose; it all stands in the address. */
export interface AttributionSearch {
  from?: string | undefined;
  to?: string | undefined;
  dimension?: Dimension | undefined;
  goal?: string | undefined;
  lookback?: number | undefined;
  journey?: Journey | undefined;
  models?: string[] | undefined;
  /** Weights of one's own, a model beside the others; apart from them because they are written with commas. */
  weights?: string | undefined;
  channel?: string | undefined;
  /** The model whose number is open, and the row it is of; without a row it is the total. */
  explain?: string | undefined;
  key?: string | undefined;
  /** As of which moment it is explained; absent: now. */
  as_of?: string | undefined;
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
  goal: string;
  dimension: Dimension;
  models?: string[] | undefined;
  lookback_days?: number | undefined;
  journey?: Journey | undefined;
  filters?: { dimension: string; op: "in"; values: string[] }[];
}

/** The models to ask for: those that were chosen, and weights of one's own beside them. */
export function modelsOf({ models, weights }: AttributionSearch, all: readonly { id: string }[]): string[] | undefined {
  if (!weights) return models;
  return [customModel(weights), ...(models ?? all.map((model) => model.id))];
}

/** The model that weights of one's own are. */
export function customModel(weights: string): string {
  return `custom:${weights}`;
}

/** The question behind one number of the comparison. */
export function drillOf(request: AttributionRequest, model: string): MetricQuery {
  const { range, goal, dimension, lookback_days, journey, filters = [] } = request;
  return { metrics: ["goal_value"], dimensions: [dimension], filters, range, model, lookback_days, journey, goal };
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
export function dealAttributionQuery(id: string, { goal, lookback, journey }: JourneySearch) {
  const query = { goal, lookback_days: lookback, journey };
  return queryOptions({
    queryKey: ["attribution", "deal", id, query],
    queryFn: ({ signal }) => api.get<DealAttribution>(`/attribution/deals/${id}`, query, signal),
    placeholderData: (before, query) => (query?.queryKey[2] === id ? before : undefined),
  });
}
