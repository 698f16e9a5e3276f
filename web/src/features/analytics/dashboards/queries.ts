import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import type { Schemas } from "#/api/client.ts";
import { api } from "#/api/http.ts";
import type { Journey } from "#/features/analytics/metrics/queries.ts";

/** What the numbers of Home are compared with. */
export const COMPARES = ["previous", "year", "none"] as const;

export type Compare = (typeof COMPARES)[number];

/** What the reader of Home chose; it all stands in the address. */
export interface HomeSearch {
  from?: string | undefined;
  to?: string | undefined;
  compare?: Compare | undefined;
  model?: string | undefined;
  lookback?: number | undefined;
  journey?: Journey | undefined;
  /** The metric whose explanation is open, and the channel or the page it is narrowed to. */
  explain?: string | undefined;
  channel?: string | undefined;
  page?: string | undefined;
  /** As of which moment it is explained; absent: now. */
  as_of?: string | undefined;
}

/** The row whose number is open. */
export type ExplainKey = Pick<HomeSearch, "channel" | "page">;

/** Opens a number of Home: a metric in all, or of one row. */
export type Explain = (metric: string, key?: ExplainKey) => void;

export type TrendPoint = Schemas["TrendPoint"];

export type HomeTile = Schemas["Tile"];

export type Roi = Schemas["RoiInterval"];

export type ChannelRow = Schemas["ChannelRow"];

export type Decision = Schemas["Decision"];

/** The leadership dashboard. */
export type Home = Schemas["Home"];

/** The place of the first period that is not over yet. */
export function firstIncomplete(points: readonly { incomplete: boolean }[]): number | undefined {
  const place = points.findIndex((point) => point.incomplete);
  return place === -1 ? undefined : place;
}

/** Home, for what the reader chose. */
export function homeQuery({ from, to, compare, model, lookback, journey }: HomeSearch) {
  const query = { from, to, compare, model, lookback_days: lookback, journey };
  return queryOptions({
    queryKey: ["home", query],
    queryFn: ({ signal }) => api.get<Home>("/dashboards/home", query, signal),
    placeholderData: keepPreviousData,
  });
}
