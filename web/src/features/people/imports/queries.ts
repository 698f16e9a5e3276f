import {
  infiniteQueryOptions,
  type QueryClient,
  queryOptions,
  useMutation,
  useQueryClient,
} from "@tanstack/react-query";
import type { Schemas } from "#/api/client.ts";
import { api, apiUrl } from "#/api/http.ts";
import { nextCursor, type Page } from "#/lib/pages.ts";

/** What becomes of a row. */
export const OUTCOMES = ["create", "update", "unchanged", "conflict", "rejected", "skipped"] as const;

export type Outcome = (typeof OUTCOMES)[number];

/** Where an import stands. */
export type ImportState =
  | "uploaded"
  | "mapped"
  | "checking"
  | "checked"
  | "applying"
  | "applied"
  | "undoing"
  | "undone"
  | "failed"
  | "cancelled";

/** How many rows had each outcome; they add up to the rows of the file. Lines of earlier files, taken back or kept, are no rows. */
export type Counts = Record<Outcome, number> & { withdrawn?: number; kept?: number };

/** What one column becomes: a field, a property, or nothing. */
export type ColumnMapping = Schemas["ColumnMapping"];

/** How a file is read into records. */
export type Mapping = Schemas["Mapping"] & { constants: Record<string, string> };

/** Something the file does not say by itself. */
export type Question = Schemas["Question"];

/** A column of the file, as it was found. */
export type SheetColumn = Schemas["SheetColumn"];

/** How a file is written. */
export type SheetForm = Schemas["SheetForm"];

/** An uploaded file and what became of it. */
export type Import = Omit<Schemas["Import"], "mapping" | "applied" | "checked"> & {
  mapping: Mapping;
  applied: Counts;
  checked?: Counts | null;
};

/** What a column can become. */
export interface FieldSpec {
  name: string;
  title: string;
  kind: string;
  required: boolean;
  key: boolean;
}

/** A kind of import and its fields. */
export interface ImportKind {
  kind: string;
  title: string;
  fields: FieldSpec[];
  keeps_properties: boolean;
}

/** What became, or would become, of one row. */
export type RowReport = Schemas["RowReport"];

/** Which report: of the dry run, of the writing, of the undoing. */
export type Phase = "check" | "apply" | "undo";

/** Whether an import waits for a job. */
export function isBusy(state: ImportState): boolean {
  return state === "checking" || state === "applying" || state === "undoing";
}

/** All imports, newest first. */
export const importsQuery = infiniteQueryOptions({
  queryKey: ["imports"],
  queryFn: ({ pageParam, signal }) => api.get<Page<Import>>("/imports", { limit: 100, cursor: pageParam }, signal),
  initialPageParam: undefined as string | undefined,
  getNextPageParam: nextCursor,
  refetchInterval: (query) =>
    query.state.data?.pages.some((page) => page.items.some((one) => isBusy(one.state))) ? 2_000 : false,
});

/** One import. */
export function importQuery(id: string) {
  return queryOptions({
    queryKey: ["import", id],
    queryFn: ({ signal }) => api.get<Import>(`/imports/${id}`, {}, signal),
  });
}

/** What can be imported. */
export const kindsQuery = queryOptions({
  queryKey: ["import-kinds"],
  queryFn: ({ signal }) => api.get<ImportKind[]>("/imports/kinds", {}, signal),
  staleTime: Number.POSITIVE_INFINITY,
});

/** The rows of a report with one outcome, or all that are kept. */
export function rowsQuery(id: string, phase: Phase, outcome: Outcome | undefined) {
  return infiniteQueryOptions({
    queryKey: ["import", id, "rows", phase, outcome],
    queryFn: ({ pageParam, signal }) =>
      api.get<Page<RowReport>>(`/imports/${id}/rows`, { phase, outcome, limit: 200, cursor: pageParam }, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: nextCursor,
  });
}

/** The file of the rows that were not imported, with the reason beside each. */
export function errorsUrl(id: string): string {
  return apiUrl(`/imports/${id}/errors.csv`);
}

function useImportAction<Input>(id: string, act: (input: Input) => Promise<Import>, failed: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: act,
    meta: { failed },
    onSuccess: () =>
      Promise.all([
        queries.invalidateQueries({ queryKey: ["import", id] }),
        queries.invalidateQueries({ queryKey: ["imports"] }),
      ]),
  });
}

/** A new mapping, or another way to read the file, after which the mapping is proposed anew. */
export type MappingChange = Omit<Schemas["MappingChange"], "mapping"> & { mapping?: Mapping };

/** What the saves of one import's mapping share: they reach the server in the order they were made. */
function mappingKey(id: string): string[] {
  return ["import-mapping", id];
}

/** Waits until no save of the mapping is on its way; a refused one stops what was to follow it. */
export async function mappingSaved(queries: QueryClient, id: string): Promise<void> {
  const saves = { mutationKey: mappingKey(id) };
  const waiting = queries.getMutationCache().findAll({ ...saves, status: "pending" });
  if (waiting.length === 0) return;
  await new Promise<void>((resolve) => {
    const stop = queries.getMutationCache().subscribe(() => {
      if (queries.isMutating(saves) > 0) return;
      stop();
      resolve();
    });
  });
  if (waiting.some((save) => save.state.status === "error")) {
    throw new Error("The last change of the mapping was not saved. Look at the columns, then check the file.");
  }
}

/**
 * Changes what the columns become; shown at once. The changes go one after the other, and only the last answer is
 * shown: an earlier one would take back what was chosen since. When the server refuses one, the import is asked for.
 */
export function useChangeMapping(id: string) {
  const queries = useQueryClient();
  const key = importQuery(id).queryKey;
  const mutationKey = mappingKey(id);
  const isLast = () => queries.isMutating({ mutationKey }) === 1;
  return useMutation({
    mutationKey,
    scope: { id: mutationKey.join(" ") },
    mutationFn: (change: MappingChange) => api.put<Import>(`/imports/${id}/mapping`, change),
    meta: { failed: "The mapping stays as it was" },
    onMutate: async ({ mapping }) => {
      await queries.cancelQueries({ queryKey: key, exact: true });
      const before = queries.getQueryData(key);
      if (before && mapping) queries.setQueryData(key, { ...before, mapping });
    },
    onSuccess: (answer) => {
      if (isLast()) queries.setQueryData(key, answer);
    },
    onError: () => (isLast() ? queries.invalidateQueries({ queryKey: key, exact: true }) : undefined),
  });
}

/** Starts a dry run, of the mapping as it was last chosen: every row gets its outcome, nothing is written. */
export function useCheck(id: string) {
  const queries = useQueryClient();
  const check = async () => {
    await mappingSaved(queries, id);
    return api.post<Import>(`/imports/${id}/check`);
  };
  return useImportAction<void>(id, check, "The check did not start");
}

/** Starts writing, or goes on where it stopped. */
export function useApply(id: string) {
  return useImportAction<void>(id, () => api.post(`/imports/${id}/apply`), "The import did not start");
}

/** Stops what runs: at its next step, with what was written so far kept. */
export function useCancel(id: string) {
  return useImportAction<void>(id, () => api.post(`/imports/${id}/cancel`), "The import goes on");
}

/** Starts taking every change of the import back. */
export function useUndo(id: string) {
  return useImportAction<void>(id, () => api.post(`/imports/${id}/undo`), "The undoing did not start");
}
