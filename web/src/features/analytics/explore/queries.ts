import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";
import { answer, client, type Schemas } from "#/api/client.ts";
import { api } from "#/api/http.ts";
import type { Cell, Exploration, ExploreAnswer, ExploreColumn } from "./model.ts";

export type Saved = Schemas["SavedExploration"];
export type Choices = Schemas["ExploreChoices"];
export type PersonBehind = Schemas["PersonBehind"];
export type PeopleBehind = Schemas["PeopleBehind"];

/** What the reader chose; it all stands in the address. */
export interface ExploreSearch {
  from?: string | undefined;
  to?: string | undefined;
  /** The question as JSON, without its dates. */
  q?: string | undefined;
  /** The number that is open, as JSON. */
  cell?: string | undefined;
  /** The saved exploration the question began as. */
  saved?: string | undefined;
}

/** Names of events and columns. */
export const choicesQuery = queryOptions({
  queryKey: ["explore-choices"],
  queryFn: ({ signal }) => answer(client.GET("/api/v1/explore/choices", { signal })),
  staleTime: 60_000,
});

/** Texts that a column has, to choose from. */
export function textsQuery(column: ExploreColumn, q: string) {
  return queryOptions({
    queryKey: ["explore-texts", column, q],
    queryFn: ({ signal }) => answer(client.GET("/api/v1/explore/texts", { params: { query: { column, q } }, signal })),
    staleTime: 60_000,
    placeholderData: keepPreviousData,
  });
}

/** The properties that events of a name have. */
export function propertiesQuery(event: string | undefined) {
  return queryOptions({
    queryKey: ["explore-properties", event ?? null],
    queryFn: ({ signal }) =>
      answer(client.GET("/api/v1/explore/properties", { params: { query: event ? { event } : {} }, signal })),
    staleTime: 60_000,
  });
}

/** Values of a property, to choose from: of events of a name, or of companies. */
export function propertyValuesQuery(of: { event: string | undefined } | "companies", property: string) {
  return queryOptions({
    queryKey: ["explore-property-values", of, property],
    queryFn: ({ signal }) =>
      of === "companies"
        ? answer(client.GET("/api/v1/explore/company-values", { params: { query: { property } }, signal }))
        : answer(
            client.GET("/api/v1/explore/property-values", {
              params: { query: of.event ? { property, event: of.event } : { property } },
              signal,
            }),
          ),
    enabled: property !== "",
    staleTime: 60_000,
  });
}

/** The answer to a question. */
export function exploreQuery(asked: Exploration) {
  return queryOptions({
    queryKey: ["explore", asked],
    queryFn: ({ signal }) => api.post<ExploreAnswer>("/explore", asked, signal),
    placeholderData: (before, query) => {
      const known = query?.queryKey[1] as Exploration | undefined;
      return known?.ask.kind === asked.ask.kind ? before : undefined;
    },
  });
}

/** From the answer of a moment to that of now. */
export function bridgeQuery(asked: Exploration) {
  return queryOptions({
    queryKey: ["explore-bridge", asked],
    queryFn: ({ signal }) => api.post<Schemas["ExploreBridge"]>("/explore/bridge", asked, signal),
  });
}

/** Who is behind a number. */
export function peopleQuery(asked: Exploration, cell: Cell) {
  return infiniteQueryOptions({
    queryKey: ["explore-people", asked, cell],
    queryFn: ({ pageParam }) =>
      api.post<PeopleBehind>("/explore/people", { exploration: asked, cell, limit: 100, cursor: pageParam }),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  });
}

/** The saved explorations. */
export function savedQuery(filter: { archived?: boolean; pinned?: boolean } = {}) {
  return queryOptions({
    queryKey: ["explorations", filter],
    queryFn: ({ signal }) => api.get<Saved[]>("/explorations", filter, signal),
  });
}
