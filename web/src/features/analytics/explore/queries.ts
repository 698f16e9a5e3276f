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

/** The answer to a question. */
export function exploreQuery(asked: Exploration) {
  return queryOptions({
    queryKey: ["explore", asked],
    queryFn: () => api.post<ExploreAnswer>("/explore", asked),
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
    queryFn: () => api.post<Schemas["ExploreBridge"]>("/explore/bridge", asked),
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
