import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { answer, client, type Schemas } from "#/api/client.ts";

/** How long events are kept, and what went for it. */
export type EventsKept = Schemas["EventsKept"];

/** How long events are kept. */
export const eventsKeptQuery = queryOptions({
  queryKey: ["upkeep", "events"],
  queryFn: ({ signal }) => answer(client.GET("/api/v1/upkeep/events", { signal })),
});

/** Says how long events are kept; null: for ever. */
export function useKeepEvents() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (months: number | null) => answer(client.PUT("/api/v1/upkeep/events", { body: { months } })),
    meta: { shown: true },
    onSuccess: (kept) => queries.setQueryData(eventsKeptQuery.queryKey, kept),
  });
}

/** A property of events, and how often questions ask for it. */
export type PropertyUse = Schemas["PropertyUse"];

/** The properties that questions ask for, the most used first. */
export const propertiesQuery = queryOptions({
  queryKey: ["upkeep", "properties"],
  queryFn: ({ signal }) => answer(client.GET("/api/v1/upkeep/properties", { signal })),
});
