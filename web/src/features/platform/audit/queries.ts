import { infiniteQueryOptions, queryOptions, useMutation } from "@tanstack/react-query";
import { answer, client, type Schemas } from "#/api/client.ts";
import { api } from "#/api/http.ts";
import { nextCursor, type Page } from "#/lib/pages.ts";
import type { Json } from "#/ui/json-tree.tsx";

/** One change of one thing. */
export interface AuditEntry {
  id: string;
  at: string;
  actor: string;
  action: string;
  target: string;
  details: Json;
}

/** The audit trail, newest first. */
export const auditQuery = infiniteQueryOptions({
  queryKey: ["audit"],
  queryFn: ({ pageParam, signal }) => api.get<Page<AuditEntry>>("/audit", { limit: 200, cursor: pageParam }, signal),
  initialPageParam: undefined as string | undefined,
  getNextPageParam: nextCursor,
});

/** One entry by its id; null when there is none. The list begins after its cursor, so it is asked to begin just before the entry. */
export function entryQuery(id: string | undefined) {
  return queryOptions({
    queryKey: ["audit", "one", id],
    queryFn: async ({ signal }): Promise<AuditEntry | null> => {
      const page = await api.get<Page<AuditEntry>>("/audit", { limit: 1, cursor: `${id}~` }, signal);
      return page.items.find((entry) => entry.id === id) ?? null;
    },
    enabled: id !== undefined,
    staleTime: Number.POSITIVE_INFINITY,
  });
}

/** What following the chain found. */
export type AuditCheck = Schemas["AuditCheck"];

/** Follows the chain of entries and says whether one was changed. */
export function useAuditCheck() {
  return useMutation({
    mutationFn: () => answer(client.GET("/api/v1/audit/check")),
    meta: { failed: "The trail could not be checked" },
  });
}
