import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import type { Schemas } from "#/api/client.ts";
import { api } from "#/api/http.ts";

/** What the numbers of Home are compared with. */
export const COMPARES = ["previous", "year", "none"] as const;

export type Compare = (typeof COMPARES)[number];

/** Whose touches count for a deal. */
export const JOURNEYS = ["company", "person"] as const;

export type Journey = (typeof JOURNEYS)[number];

/** What the reader of Home chose; it all stands in the address. */
export interface HomeSearch {
  from?: string | undefined;
  to?: string | undefined;
  compare?: Compare | undefined;
  model?: string | undefined;
  lookback?: number | undefined;
  journey?: Journey | undefined;
  /** The metric whose explanation is open, and the channel it is narrowed to. */
  explain?: string | undefined;
  channel?: string | undefined;
}

export type TrendPoint = Schemas["TrendPoint"];

export type HomeTile = Schemas["Tile"];

export type Roi = Schemas["RoiInterval"];

export type ChannelRow = Schemas["ChannelRow"];

export type Decision = Schemas["Decision"];

/** The leadership dashboard. */
export type Home = Schemas["Home"];

/** Home, for what the reader chose. */
export function homeQuery({ from, to, compare, model, lookback, journey }: HomeSearch) {
  const query = { from, to, compare, model, lookback_days: lookback, journey };
  return queryOptions({
    queryKey: ["home", query],
    queryFn: ({ signal }) => api.get<Home>("/dashboards/home", query, signal),
    placeholderData: keepPreviousData,
  });
}
