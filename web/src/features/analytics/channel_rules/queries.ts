import { infiniteQueryOptions, queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { answer, client, type Schemas } from "#/api/client.ts";
import { nextCursor } from "#/lib/pages.ts";

/** A version's own rules. */
export type RuleBook = Schemas["RuleBook"];

/** A channel, and what must hold for it. */
export type ChannelRule = Schemas["ChannelRule"];

/** One condition of a rule. */
export type RuleCondition = Schemas["Condition"];

/** A site that counts as on a list. */
export type KnownSite = Schemas["KnownSite"];

/** Who a user agent stands for. */
export type VisitorRule = Schemas["VisitorRule"];

/** A version of the rules. */
export type RuleVersion = Schemas["RuleVersion"];

/** How many events go from one value to another. */
export type MovedEvents = Schemas["MovedEvents"];

/** What a draft would change. */
export type RulesPreview = Schemas["RulesPreview"];

/** An example to try. */
export interface Example {
  url: string;
  referrer: string;
  user_agent: string;
  rules: RuleBook;
}

/** The rules in use. */
export const rulesQuery = queryOptions({
  queryKey: ["channel-rules", "current"],
  queryFn: ({ signal }) => answer(client.GET("/api/v1/channels/rules", { signal })),
});

/** Versions, newest first. */
export const versionsQuery = infiniteQueryOptions({
  queryKey: ["channel-rules", "versions"],
  queryFn: ({ pageParam, signal }) =>
    answer(
      client.GET("/api/v1/channels/rules/versions", { params: { query: { limit: 20, cursor: pageParam } }, signal }),
    ),
  initialPageParam: undefined as string | undefined,
  getNextPageParam: nextCursor,
});

/** Which rule decides about an example, and who the visitor is taken for, by a draft. */
export function useTryDraft() {
  return useMutation({
    mutationFn: (example: Example) =>
      answer(client.POST("/api/v1/channels/explain", { body: { source: "", medium: "", campaign: "", ...example } })),
    meta: { shown: true },
  });
}

/** What a draft would change among the events of the last 30 days. */
export function usePreview() {
  return useMutation({
    mutationFn: (draft: RuleBook) => answer(client.POST("/api/v1/channels/rules/preview", { body: draft })),
    meta: { shown: true },
  });
}

/** Saves a draft as the next version. */
export function useSaveRules() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (body: Schemas["NewRules"]) => answer(client.PUT("/api/v1/channels/rules", { body })),
    meta: { shown: true },
    onSuccess: () => queries.invalidateQueries({ queryKey: ["channel-rules"] }),
  });
}

/** Goes back to an older version. */
export function useRevertRules() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (version: number) => answer(client.POST("/api/v1/channels/rules/revert", { body: { version } })),
    meta: { failed: "The rules stay as they are" },
    onSuccess: () => queries.invalidateQueries({ queryKey: ["channel-rules"] }),
  });
}

/** Asks once more for the job that brings history to the newest version. */
export function useApplyRules() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: () => answer(client.POST("/api/v1/channels/rules/apply")),
    meta: { failed: "History stays as it is" },
    onSuccess: () => queries.invalidateQueries({ queryKey: ["channel-rules"] }),
  });
}
