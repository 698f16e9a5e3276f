import { queryOptions, useMutation } from "@tanstack/react-query";
import { api } from "#/api/http.ts";
import type { AsOf } from "#/features/analytics/metrics/queries.ts";

/** A column of a table or of an answer. */
export interface SqlColumn {
  name: string;
  type: string;
}

/** A table that can be asked. */
export interface SqlTable {
  name: string;
  description: string;
  columns: SqlColumn[];
}

/** An answer. */
export interface SqlResult {
  columns: SqlColumn[];
  rows: unknown[][];
  truncated: boolean;
  watermark: AsOf;
}

/** The tables. */
export const schemaQuery = queryOptions({
  queryKey: ["sql-schema"],
  queryFn: ({ signal }) => api.get<SqlTable[]>("/sql/schema", {}, signal),
  staleTime: Number.POSITIVE_INFINITY,
});

/** Asks a question; it reads only. */
export function useSql() {
  return useMutation({
    mutationFn: (sql: string) => api.post<SqlResult>("/sql", { sql, limit: 10_000 }),
    meta: { shown: true },
  });
}
