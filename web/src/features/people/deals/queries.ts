import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { api } from "#/api/http.ts";
import type { Property } from "#/features/people/property-table.tsx";
import type { Money } from "#/lib/format.ts";
import { nextCursor, type Page } from "#/lib/pages.ts";

export const OUTCOMES = ["open", "won", "lost"] as const;

export type Outcome = (typeof OUTCOMES)[number];

/** A deal in a list. */
export interface DealSummary {
  id: string;
  name: string;
  company: string | null;
  company_name: string;
  pipeline: string;
  stage: string;
  stage_name: string;
  outcome: Outcome;
  amount: Money | null;
  created_at: string;
  closed_at: string | null;
  owner: string;
}

/** One deal. */
export interface Deal extends DealSummary {
  reason: string;
  keys: string[];
  people: { person: string; name: string; email: string; role: string; primary: boolean; source: string }[];
  stages: { stage: string; name: string; entered_at: string; left_at: string | null; source: string }[];
  properties: Property[];
  origin: string;
}

/** Deals that match, the latest first. */
export function dealsQuery(q: string, outcome: Outcome | undefined) {
  return infiniteQueryOptions({
    queryKey: ["deals", q, outcome],
    queryFn: ({ pageParam, signal }) =>
      api.get<Page<DealSummary>>("/deals", { q, outcome, limit: 200, cursor: pageParam }, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: nextCursor,
  });
}

/** One deal. */
export function dealQuery(id: string) {
  return queryOptions({
    queryKey: ["deals", "one", id],
    queryFn: ({ signal }) => api.get<Deal>(`/deals/${id}`, undefined, signal),
  });
}
