import { infiniteQueryOptions, queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { answer, client, type Schemas } from "#/api/client.ts";
import { api } from "#/api/http.ts";
import type { Property } from "#/features/people/property-table.tsx";
import { nextCursor, type Page } from "#/lib/pages.ts";
import type { Json } from "#/ui/json-tree.tsx";

/** How the list of people is ordered. */
export const SORTS = ["last_seen", "created", "name"] as const;

export type PeopleSort = (typeof SORTS)[number];

/** Whether somebody gave an address, or is only a browser so far; known people when the address says nothing. */
export const KNOWN = ["known", "anonymous", "everybody"] as const;

export type Known = (typeof KNOWN)[number];

/** The filters of the list. */
export interface PeopleSearch {
  q?: string | undefined;
  known?: Known | undefined;
  country?: string | undefined;
  sort?: PeopleSort | undefined;
}

/** A person in a list. */
export type PersonSummary = Schemas["PersonSummary"];

/** A typed key of a person, and the event or file that made the link. */
export type IdentifierEdge = Schemas["IdentifierEdge"];

/** Why two persons are one. */
export type MergeEvidence = Schemas["MergeEvidence"];

/** Everything one is known by. */
export type Identifiers = Schemas["Identifiers"];

/** One person. */
export interface Person extends PersonSummary {
  phone: string;
  merged_from?: string | null;
  traits: Property[];
  places: { company: string; name: string; role: string; how: string; since: string; until: string | null }[];
  deals: { id: string; name: string; outcome: string; role: string }[];
  identifiers: Identifiers;
}

/** One event of a person. */
export interface TimelineEvent {
  offset: number;
  at: string;
  kind: string;
  name: string;
  url: string;
  title: string;
  referrer: string;
  channel: string;
  source: string;
  medium: string;
  campaign: string;
  device: string;
  country: string;
  agent_class: string;
  before_known: boolean;
  properties: Json;
}

/** People that match. */
export function peopleQuery({ q, known = "known", country, sort }: PeopleSearch) {
  const query = { q, known: known === "everybody" ? undefined : known === "known", country, sort, limit: 200 };
  return infiniteQueryOptions({
    queryKey: ["people", query],
    queryFn: ({ pageParam, signal }) =>
      answer(client.GET("/api/v1/people", { params: { query: { ...query, cursor: pageParam } }, signal })),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: nextCursor,
  });
}

/** One person. */
export function personQuery(id: string) {
  return queryOptions({
    queryKey: ["people", "one", id],
    queryFn: ({ signal }) => api.get<Person>(`/people/${id}`, {}, signal),
  });
}

/** What a person did, newest first. */
export function timelineQuery(id: string) {
  return infiniteQueryOptions({
    queryKey: ["people", "one", id, "timeline"],
    queryFn: ({ pageParam, signal }) =>
      api.get<Page<TimelineEvent>>(`/people/${id}/timeline`, { limit: 100, cursor: pageParam }, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: nextCursor,
  });
}

/** Takes a merge back: the two sides are two persons again, and stay so. */
export function useSeparate() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ({ person, other }: MergeEvidence) => api.post(`/people/${person}/separate`, { other }),
    meta: { failed: "They are still one person" },
    onSuccess: () => queries.invalidateQueries({ queryKey: ["people"] }),
  });
}
