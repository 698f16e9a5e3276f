import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { api } from "#/api/http.ts";
import { nextCursor, type Page } from "#/lib/pages.ts";
import type { Json } from "#/ui/json-tree.tsx";
import type { Property } from "#/ui/property-table.tsx";

/** How the list of people is ordered. */
export const SORTS = ["last_seen", "created", "name"] as const;

export type PeopleSort = (typeof SORTS)[number];

/** Whether somebody gave an address, or is only a browser so far. */
export const KNOWN = ["known", "anonymous"] as const;

export type Known = (typeof KNOWN)[number];

/** The filters of the list. */
export interface PeopleSearch {
  q?: string | undefined;
  known?: Known | undefined;
  country?: string | undefined;
  sort?: PeopleSort | undefined;
}

/** A person in a list. */
export interface PersonSummary {
  id: string;
  name: string;
  email: string;
  title: string;
  company: string | null;
  company_name: string;
  country: string;
  city: string;
  known: boolean;
  lead_at: string | null;
  created_at: string;
  first_seen: string | null;
  last_seen: string | null;
}

/** A typed key of a person, and the event or file that made the link. */
export interface IdentifierEdge {
  kind: string;
  value: string;
  state: string;
  at: string;
  source: string;
  event_id: string;
  via: string;
  ended_at: string | null;
}

/** Why two persons are one. */
export interface MergeEvidence {
  person: string;
  other: string;
  state: string;
  identifier: string;
  other_identifier: string;
  source: string;
  at: string;
}

/** Everything one is known by. */
export interface Identifiers {
  edges: IdentifierEdge[];
  merges: MergeEvidence[];
  refused: { identifier: string; reason: string; at: string; source: string }[];
}

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
export function peopleQuery({ q, known, country, sort }: PeopleSearch) {
  const query = { q, known: known === undefined ? undefined : known === "known", country, sort, limit: 200 };
  return infiniteQueryOptions({
    queryKey: ["people", query],
    queryFn: ({ pageParam, signal }) =>
      api.get<Page<PersonSummary>>("/people", { ...query, cursor: pageParam }, signal),
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
