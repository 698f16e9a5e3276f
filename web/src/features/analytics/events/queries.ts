import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { answer, client, type Schemas } from "#/api/client.ts";
import { api, apiUrl } from "#/api/http.ts";
import type { Explanation } from "#/features/analytics/channels/queries.ts";
import { nextCursor } from "#/lib/pages.ts";
import type { Json } from "#/ui/json-tree.tsx";

/** What can become of a message. */
export const FATES = ["accepted", "duplicate", "rejected", "suspicious"] as const;

export type FateStatus = (typeof FATES)[number];

/** What became of one message. */
export type Fate = Schemas["Fate"];

/** Which fates to show; everything that is given must hold. */
export interface FateFilter {
  status?: FateStatus | undefined;
  person?: string | undefined;
  name?: string | undefined;
  key?: string | undefined;
}

/** A stored event with everything that is known of it. */
export interface EventDetail {
  offset: number;
  event_id: string;
  person: string | null;
  company: string;
  at: string;
  received_at: string;
  kind: string;
  name: string;
  columns: Record<string, string>;
  value: string | null;
  currency: string;
  agent_class: string;
  agent_reason: string;
  country_basis: string | null;
  properties: Json;
  raw: Json;
  channel: Explanation | null;
}

/** A message in the quarantine. */
export type Quarantined = Schemas["Quarantined"];

/** The last fates, newest first. */
export function recentQuery(filter: FateFilter, limit: number) {
  return queryOptions({
    queryKey: ["events", filter, limit],
    queryFn: ({ signal }) => answer(client.GET("/api/v1/events", { params: { query: { ...filter, limit } }, signal })),
    staleTime: 0,
    gcTime: 0,
    refetchOnWindowFocus: false,
  });
}

/** The address of the stream of fates. */
export function watchUrl(filter: FateFilter): string {
  return apiUrl("/events/watch", { ...filter });
}

/** One stored event. */
export function eventQuery(offset: number | undefined) {
  return queryOptions({
    queryKey: ["event", offset],
    queryFn: ({ signal }) => api.get<EventDetail>(`/events/${offset}`, {}, signal),
    enabled: offset !== undefined,
    staleTime: Number.POSITIVE_INFINITY,
  });
}

/** Which rows of the quarantine to show. */
export interface QuarantineFilter {
  status?: "rejected" | "suspicious" | undefined;
  code?: string | undefined;
}

/** The quarantine, the last received first. */
export function quarantineQuery(filter: QuarantineFilter) {
  return infiniteQueryOptions({
    queryKey: ["quarantine", filter],
    queryFn: ({ pageParam, signal }) =>
      answer(
        client.GET("/api/v1/quarantine", { params: { query: { ...filter, limit: 200, cursor: pageParam } }, signal }),
      ),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: nextCursor,
    staleTime: 5_000,
  });
}

/** How many rows of the quarantine are looked through for one id: it can only be asked for page by page. */
const PAGES_MAX = 20;
const PAGE_ROWS = 500;

/** A row of the quarantine by its id; null when it is not among the newest 10,000. */
export function quarantinedQuery(id: string | undefined) {
  return queryOptions({
    queryKey: ["quarantine", "one", id],
    queryFn: async ({ signal }): Promise<Quarantined | null> => {
      let cursor: string | undefined;
      for (let page = 0; page < PAGES_MAX; page += 1) {
        const query = { limit: PAGE_ROWS, cursor };
        const { items, next_cursor } = await answer(client.GET("/api/v1/quarantine", { params: { query }, signal }));
        const found = items.find((row) => row.id === id);
        if (found) return found;
        if (!next_cursor) return null;
        cursor = next_cursor;
      }
      return null;
    },
    enabled: id !== undefined,
    staleTime: 60_000,
  });
}

/** A fate by its place in the stream; null when it is none of the last ones. */
export function fateQuery(sequence: number | undefined) {
  return queryOptions({
    queryKey: ["fate", sequence],
    queryFn: async ({ signal }): Promise<Fate | null> => {
      const query = { limit: 1, cursor: String((sequence ?? 0) + 1) };
      const { items } = await answer(client.GET("/api/v1/events", { params: { query }, signal }));
      return items.find((fate) => fate.sequence === sequence) ?? null;
    },
    enabled: sequence !== undefined,
    staleTime: 60_000,
  });
}
