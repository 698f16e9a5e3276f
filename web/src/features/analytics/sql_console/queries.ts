import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { answer, client, type Schemas } from "#/api/client.ts";
import { clientHeaders, failed } from "#/api/http.ts";
import { exactJson } from "./exact-json.ts";

/** A column of a table or of an answer. */
export type SqlColumn = Schemas["SqlColumnInfo"];

/** A table that can be asked. */
export type SqlTable = Schemas["SqlTableInfo"];

/** An answer. */
export type SqlResult = Schemas["SqlResult"];

/** How a question would be answered. */
export type SqlPlan = Schemas["SqlPlanInfo"];

/** What one reading of the events opens. */
export type SqlRead = Schemas["SqlReadInfo"];

/** A question that is being answered. */
export type SqlRun = Schemas["SqlRunInfo"];

/** A question that somebody keeps. */
export type SavedQuery = Schemas["SavedQuery"];

/** How an answer is drawn. */
export type ChartSpec = Schemas["ChartSpec"];

/** A form of file. */
export type ExportFormat = Schemas["ExportFormat"];

/** What is asked. */
export interface Question {
  sql: string;
  /** The moment whose knowledge counts. */
  asOf?: string | undefined;
  /** A name of its own, to follow it. */
  run: string;
}

/** Most rows that the page asks for. */
export const ROWS_MAX = 10_000;

/** The tables. */
export const schemaQuery = queryOptions({
  queryKey: ["sql-schema"],
  queryFn: ({ signal }) => answer(client.GET("/api/v1/sql/schema", { signal })),
  staleTime: Number.POSITIVE_INFINITY,
});

/** Asks a question; it reads only. Aborted, the server stops it too. */
export async function ask(question: Question, signal: AbortSignal): Promise<SqlResult> {
  const { sql, asOf, run } = question;
  const body = { sql, run, limit: ROWS_MAX, ...(asOf ? { as_of: asOf } : {}) };
  // As text: numbers of this language are not exact beyond 53 bits, those of the engine are.
  const text = await answer<unknown>(client.POST("/api/v1/sql", { body, signal, parseAs: "text" }));
  return exactJson(String(text)) as SqlResult;
}

/** How a question would be answered. */
export function explain(question: Question, signal: AbortSignal): Promise<SqlPlan> {
  const { sql, asOf, run } = question;
  const body = { sql, run, ...(asOf ? { as_of: asOf } : {}) };
  return answer(client.POST("/api/v1/sql/explain", { body, signal }));
}

/** The answer as a file, complete. */
export async function exportFile(question: Question, format: ExportFormat, signal: AbortSignal): Promise<Blob> {
  const { sql, asOf, run } = question;
  const response = await fetch("/api/v1/sql/export", {
    method: "POST",
    headers: { ...clientHeaders(), "Content-Type": "application/json" },
    body: JSON.stringify({ sql, run, format, ...(asOf ? { as_of: asOf } : {}) }),
    signal,
  });
  if (!response.ok) throw await failed(response);
  return response.blob();
}

/** What is being answered, followed while somebody looks. */
export const runsQuery = queryOptions({
  queryKey: ["sql-runs"],
  queryFn: ({ signal }) => answer(client.GET("/api/v1/sql/runs", { signal })),
  refetchInterval: 2_000,
  staleTime: 0,
});

/** Stops a question. */
export function useCancelRun() {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: (run: string) => answer(client.POST("/api/v1/sql/runs/{run}/cancel", { params: { path: { run } } })),
    onSettled: () => cache.invalidateQueries({ queryKey: runsQuery.queryKey }),
  });
}

/** The saved questions, those that were put away too. */
export const savedQueries = queryOptions({
  queryKey: ["sql-queries"],
  queryFn: ({ signal }) => answer(client.GET("/api/v1/sql/queries", { params: { query: { archived: true } }, signal })),
});

/** Saves a question. */
export function useSave() {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: (body: Schemas["NewSavedQuery"]) => answer(client.POST("/api/v1/sql/queries", { body })),
    onSuccess: () => cache.invalidateQueries({ queryKey: savedQueries.queryKey }),
    meta: { shown: true },
  });
}

/** Changes a saved question; `shown` when the caller shows what goes wrong. */
export function useChangeSaved(shown = false) {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: ({ id, ...body }: Schemas["SavedQueryChange"] & { id: string }) =>
      answer(client.PATCH("/api/v1/sql/queries/{id}", { params: { path: { id } }, body })),
    onSuccess: () => cache.invalidateQueries({ queryKey: savedQueries.queryKey }),
    meta: { shown },
  });
}
