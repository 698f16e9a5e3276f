import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Link, useRouter } from "@tanstack/react-router";
import { useMemo } from "react";
import { useMay } from "#/app/session.ts";
import { bytes, number } from "#/lib/format.ts";
import { rowsOf } from "#/lib/pages.ts";
import { DataTable } from "#/ui/data-table.tsx";
import { EmptyState } from "#/ui/empty-state.tsx";
import { Page } from "#/ui/page.tsx";
import { ProblemView } from "#/ui/problem-view.tsx";
import type { Column } from "#/ui/table-model.ts";
import { TimeAgo } from "#/ui/time-ago.tsx";
import { ImportStateBadge, stateLabel } from "./import-state.tsx";
import { phaseOf } from "./import-steps.ts";
import { type Import, importsQuery, kindsQuery } from "./queries.ts";
import { Uploader } from "./uploader.tsx";

/** Files of people, companies, deals and spend, and what became of them. */
export function ImportsPage() {
  const imports = useInfiniteQuery(importsQuery);
  const kinds = useQuery(kindsQuery);
  const router = useRouter();
  const may = useMay("imports.write");
  const rows = useMemo(() => rowsOf(imports.data), [imports.data]);
  const titles = useMemo(() => new Map(kinds.data?.map((kind) => [kind.kind, kind.title])), [kinds.data]);
  const columns = useMemo(() => columnsOf(titles), [titles]);
  return (
    <Page title="Imports">
      {may ? <Uploader /> : null}
      {imports.error ? (
        <ProblemView
          title="The imports could not be loaded"
          error={imports.error}
          onRetry={() => void imports.refetch()}
        />
      ) : (
        <DataTable
          name="imports"
          one="import"
          rows={rows}
          columns={columns}
          rowId={(one) => one.id}
          loading={imports.isPending}
          onOpen={(one) => void router.navigate({ to: "/imports/$id", params: { id: one.id } })}
          empty={
            <EmptyState title="No imports yet">
              Import contacts, companies, deals with their stage history, and ad spend. Deals and spend are what turns
              visits into a return: start with the deals of the last year and the spend of the same months.
            </EmptyState>
          }
          more={{
            available: imports.hasNextPage,
            loading: imports.isFetchingNextPage,
            fetch: () => void imports.fetchNextPage(),
          }}
        />
      )}
    </Page>
  );
}

function columnsOf(titles: Map<string, string>): Column<Import>[] {
  return [
    {
      id: "filename",
      header: "File",
      widthLeast: 250,
      value: (one) => one.filename,
      cell: (one) => (
        <Link to="/imports/$id" params={{ id: one.id }}>
          {one.filename}
        </Link>
      ),
    },
    { id: "kind", header: "Of", width: 190, value: (one) => titles.get(one.kind ?? "") ?? one.kind },
    {
      id: "state",
      header: "State",
      width: 140,
      value: (one) => stateLabel(one.state),
      cell: (one) => <ImportStateBadge state={one.state} />,
    },
    {
      id: "rows",
      header: "Rows",
      width: 100,
      align: "right",
      value: (one) => one.rows_total,
      cell: (one) => (typeof one.rows_total !== "number" ? "–" : number(one.rows_total)),
    },
    ...(["create", "update", "rejected"] as const).map(
      (outcome): Column<Import> => ({
        id: outcome,
        header: { create: "Created", update: "Updated", rejected: "Rejected" }[outcome],
        width: 100,
        align: "right",
        value: (one) => countOf(one, outcome),
        cell: (one) => (countOf(one, outcome) === null ? "–" : number(countOf(one, outcome) ?? 0)),
      }),
    ),
    {
      id: "bytes",
      header: "Size",
      width: 100,
      align: "right",
      hidden: true,
      value: (one) => one.bytes,
      cell: (one) => bytes(one.bytes),
    },
    {
      id: "created_at",
      header: "Uploaded",
      width: 140,
      value: (one) => one.created_at,
      cell: (one) => <TimeAgo at={one.created_at} />,
    },
  ];
}

/** What was written, or else what would be; null before the file was checked. */
function countOf(one: Import, outcome: "create" | "update" | "rejected"): number | null {
  const phase = phaseOf(one);
  if (phase === undefined) return null;
  return (phase === "check" ? one.checked : one.applied)?.[outcome] ?? null;
}
