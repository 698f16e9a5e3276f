import {
  infiniteQueryOptions,
  keepPreviousData,
  queryOptions,
  useMutation,
  useQueryClient,
} from "@tanstack/react-query";
import { answer, client, type Schemas } from "#/api/client.ts";
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
  /** The first and the last day of the lines. */
  from?: string | undefined;
  to?: string | undefined;
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
export type Entry = Schemas["EntryView"];

/** Plan and actual of one month and channel. */
export type SummaryCell = Schemas["SummaryCell"];

/** Plan and actual of a month, a channel, or everything. */
export type SummaryTotal = Schemas["SummaryTotal"];

/** Plan and actual. */
export type Summary = Schemas["Summary"];

/** Spend that no touch could be found for. */
export type Unmatched = Schemas["Unmatched"];

/** Everything that could not be placed. */
export type UnmatchedReport = Schemas["UnmatchedReport"];

/** The rate of a day. */
export type RateLine = Schemas["RateLine"];

const KEY = ["ledger"];

/** Plan and actual by month and channel. */
export function summaryQuery(from: string | undefined, to: string | undefined) {
  return queryOptions({
    queryKey: [...KEY, "summary", from, to],
    queryFn: ({ signal }) => answer(client.GET("/api/v1/ledger/summary", { params: { query: { from, to } }, signal })),
    // The page stays as it is, and the focus where it was, until the other months are there.
    placeholderData: keepPreviousData,
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
  queryFn: ({ signal }) => answer(client.GET("/api/v1/ledger/unmatched", { signal })),
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
    ({ id, reason }: { id: string; reason: string }) =>
      answer(client.POST("/api/v1/ledger/entries/{id}/reverse", { params: { path: { id } }, body: { reason } })),
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

/** Where the spend of a campaign belongs, as somebody said: to a campaign of the touches, a channel, or both. */
export interface SpendMapping {
  spend_key: string;
  campaign: string;
  channel: string | null;
}

/** What was mapped by hand. */
export const mappingsQuery = queryOptions({
  queryKey: [...KEY, "mappings"],
  queryFn: ({ signal }) => api.get<{ items: SpendMapping[] }>("/ledger/mappings", {}, signal),
});

/** Maps spend by hand; with neither campaign nor channel the mapping is taken back. */
export function useMapSpend() {
  return useLedgerChange((mapping: SpendMapping) => api.put("/ledger/mappings", mapping), {
    failed: "The mapping stays as it was",
  });
}
