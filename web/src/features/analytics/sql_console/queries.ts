import { queryOptions, useMutation } from "@tanstack/react-query";
import { answer, client, type Schemas } from "#/api/client.ts";

/** A column of a table or of an answer. */
export type SqlColumn = Schemas["SqlColumnInfo"];

/** A table that can be asked. */
export type SqlTable = Schemas["SqlTableInfo"];

/** An answer. */
export type SqlResult = Schemas["SqlResult"];

/** The tables. */
export const schemaQuery = queryOptions({
  queryKey: ["sql-schema"],
  queryFn: ({ signal }) => answer(client.GET("/api/v1/sql/schema", { signal })),
  staleTime: Number.POSITIVE_INFINITY,
});

/** Asks a question; it reads only. */
export function useSql() {
  return useMutation({
    mutationFn: (sql: string) => answer(client.POST("/api/v1/sql", { body: { sql, limit: 10_000 } })),
    meta: { shown: true },
  });
}
