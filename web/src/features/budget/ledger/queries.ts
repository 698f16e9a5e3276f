import { infiniteQueryOptions, queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { api } from "#/api/http.ts";
import type { Money } from "#/lib/format.ts";
import { nextCursor, type Page } from "#/lib/pages.ts";

/** The parts of the ledger. */
export const VIEWS = ["summary", "entries", "unmatched", "rates"] as const;

export type View = (typeof VIEWS)[number];

/** What is chosen; it all stands in the address. */
export interface LedgerSearch {
  view?: View | undefined;
  month?: string | undefined;
  q?: string | undefined;
  channel?: string | undefined;
}

/** The channels, in the order of the rules. */
export const CHANNELS = [
  "Paid Search",
  "Paid Social",
  "Display",
  "Paid Video",
  "Paid Shopping",
  "Cross-network",
  "Paid Other",
  "Affiliates",
  "Email",
  "Organic Search",
  "Organic Social",
  "Organic Video",
  "Organic Shopping",
  "Referral",
  "AI Assistant",
  "Audio",
  "SMS",
  "Mobile Push Notifications",
  "Direct",
  "Unassigned",
] as const;

/** A line of the ledger. It is never changed; a mistake is reversed. */
export interface Entry {
  id: string;
  entered_at: string;
  actor: string;
  import?: string | null;
  system: string;
  date: string;
  channel: string;
  source: string;
  medium: string;
  campaign: string;
  campaign_id: string;
  ad_group: string;
  ad: string;
  amount: Money;
  converted?: Money | null;
  rate?: { rate: string; date: string } | null;
  problem?: string | null;
  note: string;
  reverses?: string | null;
  reversed_by?: string | null;
}

/** Plan and actual of one month and channel. */
export interface SummaryCell {
  month: string;
  channel: string;
  planned?: Money | null;
  actual: Money;
  lines: number;
  unconverted: number;
}

/** Plan and actual of a month, a channel, or everything. */
export interface SummaryTotal {
  name: string;
  planned: Money;
  actual: Money;
  left: Money;
}

/** Plan and actual. */
export interface Summary {
  currency: string;
  cells: SummaryCell[];
  months: SummaryTotal[];
  channels: SummaryTotal[];
  total: SummaryTotal;
  unconverted: number;
  unmatched: number;
}

/** Spend that no touch could be found for. */
export interface Unmatched {
  spend_key: string;
  system: string;
  campaign: string;
  campaign_id: string;
  channel: string;
  lines: number;
  first: string;
  last: string;
  converted: Money;
  reason: string;
  suggestions: string[];
}

/** Everything that could not be placed. */
export interface UnmatchedReport {
  campaigns: Unmatched[];
  unconverted: {
    currency: string;
    lines: number;
    amount: Money;
    first: string;
    last: string;
    newest_rate?: string | null;
  }[];
  campaigns_of_touches: number;
}

/** The rate of a day. */
export interface RateLine {
  date: string;
  from: string;
  to?: string | null;
  rate: string;
}

const KEY = ["ledger"];

/** Plan and actual by month and channel. */
export function summaryQuery(from: string | undefined, to: string | undefined) {
  return queryOptions({
    queryKey: [...KEY, "summary", from, to],
    queryFn: ({ signal }) => api.get<Summary>("/ledger/summary", { from, to }, signal),
  });
}

/** Lines that match, newest first. */
export function entriesQuery(filter: { from?: string; to?: string; q?: string; channel?: string }) {
  return infiniteQueryOptions({
    queryKey: [...KEY, "entries", filter],
    queryFn: ({ pageParam, signal }) =>
      api.get<Page<Entry>>("/ledger/entries", { ...filter, limit: 200, cursor: pageParam }, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: nextCursor,
  });
}

/** What could not be placed. */
export const unmatchedQuery = queryOptions({
  queryKey: [...KEY, "unmatched"],
  queryFn: ({ signal }) => api.get<UnmatchedReport>("/ledger/unmatched", {}, signal),
});

/** The rates, newest first. */
export const ratesQuery = infiniteQueryOptions({
  queryKey: [...KEY, "rates"],
  queryFn: ({ pageParam, signal }) =>
    api.get<Page<RateLine>>("/ledger/rates", { limit: 200, cursor: pageParam }, signal),
  initialPageParam: undefined as string | undefined,
  getNextPageParam: nextCursor,
});

function useLedgerChange<Input>(change: (input: Input) => Promise<unknown>, meta: Record<string, unknown>) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: change,
    meta,
    onSuccess: () =>
      Promise.all([queries.invalidateQueries({ queryKey: KEY }), queries.invalidateQueries({ queryKey: ["home"] })]),
  });
}

/** What a new line says. */
export interface NewEntry {
  date: string;
  amount: Money;
  channel: string | null;
  campaign: string;
  note: string;
}

/** Enters a line. */
export function useEnter() {
  return useLedgerChange((entry: NewEntry) => api.post<Entry>("/ledger/entries", entry), { shown: true });
}

/** Takes a line back by a second one of the opposite amount. */
export function useReverse() {
  return useLedgerChange(
    ({ id, reason }: { id: string; reason: string }) => api.post<Entry>(`/ledger/entries/${id}/reverse`, { reason }),
    { failed: "The line stands as it was" },
  );
}

/** Sets the plan of one month and channel; null takes it away. */
export function useSetPlan() {
  return useLedgerChange(
    (item: { month: string; channel: string; planned: Money | null }) => api.put("/ledger/plan", { items: [item] }),
    { failed: "The plan stays as it was" },
  );
}

/** Enters a rate. */
export function useSetRate() {
  return useLedgerChange((rate: RateLine) => api.put("/ledger/rates", { items: [rate] }), { shown: true });
}

/** Says which campaign of the touches some spend paid for. */
export function useMapSpend() {
  return useLedgerChange((mapping: { spend_key: string; campaign: string }) => api.put("/ledger/mappings", mapping), {
    failed: "The spend stays unmatched",
  });
}
