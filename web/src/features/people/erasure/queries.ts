import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { answer, client, type Schemas } from "#/api/client.ts";

/** A person that was asked to be erased, and what came of it. */
export type Erasure = Schemas["Erasure"];

/** What an erasure did, and what the search afterwards found. */
export type ErasureReport = Schemas["ErasureReport"];

/** The last erasure of a person; fails when there was none. */
export function erasureQuery(id: string) {
  return queryOptions({
    queryKey: ["people", "one", id, "erasure"],
    queryFn: ({ signal }) => answer(client.GET("/api/v1/people/{id}/erasure", { params: { path: { id } }, signal })),
    retry: false,
  });
}

/** Asks for a person to be erased for good. */
export function useErase(id: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (keepOut: boolean) =>
      answer(client.POST("/api/v1/people/{id}/erase", { params: { path: { id } }, body: { keep_out: keepOut } })),
    meta: { failed: "Nothing was erased" },
    onSuccess: (erasure) => queries.setQueryData(erasureQuery(id).queryKey, erasure),
  });
}
