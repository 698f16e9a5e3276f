import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { api } from "#/api/http.ts";
import type { Property } from "#/features/people/property-table.tsx";
import type { Money } from "#/lib/format.ts";
import { nextCursor, type Page } from "#/lib/pages.ts";

/** A company in a list. */
export interface CompanySummary {
  id: string;
  name: string;
  domain: string;
  industry: string;
  country: string;
  people: number;
  deals: number;
  created_at: string;
  origin: string;
}

/** A person of a company, and how that is known. */
export interface Member {
  person: string;
  name: string;
  email: string;
  role: string;
  since: string;
  source: "domain" | "import" | "group" | "manual";
}

/** One company. */
export interface Company extends CompanySummary {
  keys: { kind: string; value: string; source: string; at: string }[];
  properties: Property[];
  members: Member[];
  company_deals: { id: string; name: string; stage: string; outcome: string; amount: Money | null }[];
}

export type CompanySort = "created" | "name";

/** Companies that match, in an order. */
export function companiesQuery(q: string, sort: CompanySort) {
  return infiniteQueryOptions({
    queryKey: ["companies", q, sort],
    queryFn: ({ pageParam, signal }) =>
      api.get<Page<CompanySummary>>("/companies", { q, sort, limit: 200, cursor: pageParam }, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: nextCursor,
  });
}

/** One company. */
export function companyQuery(id: string) {
  return queryOptions({
    queryKey: ["companies", "one", id],
    queryFn: ({ signal }) => api.get<Company>(`/companies/${id}`, undefined, signal),
  });
}
