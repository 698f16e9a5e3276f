import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { api } from "#/api/http.ts";
import type {
  AsOf,
  Cell,
  Direction,
  FigureValue,
  KeyPart,
  MetricQuery,
  Span,
  Unit,
} from "#/features/analytics/metrics/queries.ts";

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

export interface TrendPoint {
  period: KeyPart;
  value?: FigureValue | null;
  incomplete: boolean;
}

export interface HomeTile {
  metric: string;
  name: string;
  unit: Unit;
  direction: Direction;
  decision: string;
  value: Cell;
  beside?: { metric: string; name: string; unit: Unit; value: Cell } | null;
  trend: TrendPoint[];
  plan?: FigureValue | null;
}

export interface Roi {
  value: number;
  low?: number | null;
  high?: number | null;
  deals: number;
  is_noise: boolean;
  note?: string | null;
}

export interface ChannelRow {
  channel: KeyPart;
  spend: Cell;
  leads: Cell;
  cost_per_lead: Cell;
  opportunities: Cell;
  pipeline: Cell;
  won: Cell;
  revenue: Cell;
  roi?: Roi | null;
}

export interface Decision {
  kind: string;
  severity: "high" | "medium" | "low";
  title: string;
  detail: string;
  action: string;
  path: string;
}

/** The leadership dashboard. */
export interface Home {
  range: Span;
  comparison?: Span | null;
  incomplete: boolean;
  model: string;
  currency: string;
  query: MetricQuery;
  changes: { metric: string; name: string; text: string; is_good?: boolean | null }[];
  tiles: HomeTile[];
  over_time: {
    grain: string;
    points: {
      period: KeyPart;
      pipeline: FigureValue;
      pipeline_contribution: FigureValue;
      spend: FigureValue;
      plan: FigureValue;
      incomplete: boolean;
    }[];
  };
  channels: ChannelRow[];
  channel_totals: ChannelRow;
  content: { page: KeyPart; pipeline: Cell }[];
  decisions: Decision[];
  notes: string[];
  watermark: AsOf;
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
