import { queryOptions } from "@tanstack/react-query";
import { answer, client, type Schemas } from "#/api/client.ts";
import { api, apiUrl } from "#/api/http.ts";
import type { Explanation } from "#/features/analytics/channels/queries.ts";
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

/** The newest rows of the quarantine, where a rejected message is found by its id. */
export function quarantineQuery(wanted: boolean) {
  return queryOptions({
    queryKey: ["quarantine"],
    queryFn: ({ signal }) => answer(client.GET("/api/v1/quarantine", { params: { query: { limit: 500 } }, signal })),
    enabled: wanted,
    staleTime: 5_000,
  });
}
