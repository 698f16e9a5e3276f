import { useInfiniteQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useMemo } from "react";
import { money } from "#/lib/format.ts";
import { rowsOf } from "#/lib/pages.ts";
import { Badge } from "#/ui/badge.tsx";
import { buttonClass } from "#/ui/button.tsx";
import { DataTable } from "#/ui/data-table.tsx";
import { EmptyState } from "#/ui/empty-state.tsx";
import { Moment } from "#/ui/moment.tsx";
import { Page } from "#/ui/page.tsx";
import { ProblemView } from "#/ui/problem-view.tsx";
import { SearchInput } from "#/ui/search-input.tsx";
import { Select } from "#/ui/select.tsx";
import type { Column } from "#/ui/table-model.ts";
import { type DealSummary, dealsQuery, type Outcome } from "./queries.ts";

const route = getRouteApi("/shell/deals");

const COLUMNS: Column<DealSummary>[] = [
  {
    id: "name",
    header: "Deal",
    widthLeast: 250,
    value: (row) => row.name,
    cell: (row) => (
      <Link to="/deals/$id" params={{ id: row.id }}>
        {row.name}
      </Link>
    ),
  },
  {
    id: "company",
    header: "Company",
    width: 200,
    value: (row) => row.company_name,
    cell: (row) =>
      row.company ? (
        <Link to="/companies/$id" params={{ id: row.company }}>
          {row.company_name}
        </Link>
      ) : (
        row.company_name
      ),
  },
  { id: "stage", header: "Stage", width: 130, value: (row) => row.stage_name },
  {
    id: "outcome",
    header: "State",
    width: 90,
    value: (row) => row.outcome,
    cell: (row) => <Badge>{row.outcome}</Badge>,
  },
  {
    id: "amount",
    header: "Amount",
    align: "right",
    width: 120,
    value: (row) => (row.amount ? Number(row.amount.amount) : undefined),
    currency: (row) => row.amount?.currency,
    cell: (row) => (row.amount ? money(row.amount) : "unknown"),
  },
  {
    id: "created",
    header: "Created",
    width: 120,
    value: (row) => row.created_at,
    cell: (row) => <Moment at={row.created_at} look="day" />,
  },
  {
    id: "closed",
    header: "Closes",
    width: 120,
    value: (row) => row.closed_at ?? "",
    cell: (row) => (row.closed_at ? <Moment at={row.closed_at} look="day" /> : "–"),
  },
  { id: "owner", header: "Owner", width: 160, value: (row) => row.owner, hidden: true },
];

/** All deals. */
export function DealsPage() {
  const { q = "", outcome } = route.useSearch();
  const navigate = route.useNavigate();
  const deals = useInfiniteQuery(dealsQuery(q, outcome));
  const rows = useMemo(() => rowsOf(deals.data), [deals.data]);
  return (
    <Page
      title="Deals"
      fill
      filters={
        <>
          <SearchInput
            label="Search deals"
            placeholder="Deal or company"
            value={q}
            onChange={(next) => void navigate({ search: (old) => ({ ...old, q: next || undefined }), replace: true })}
          />
          <Select<Outcome | "all">
            form="filter"
            label="State"
            value={outcome ?? "all"}
            options={[
              { value: "all", label: "all" },
              { value: "open", label: "open" },
              { value: "won", label: "won" },
              { value: "lost", label: "lost" },
            ]}
            onChange={(next) =>
              void navigate({
                search: (old) => ({ ...old, outcome: next === "all" ? undefined : next }),
                replace: true,
              })
            }
          />
        </>
      }
    >
      {deals.error ? (
        <ProblemView title="The deals could not be loaded" error={deals.error} onRetry={() => void deals.refetch()} />
      ) : (
        <DataTable
          name="deals"
          one="deal"
          fill
          rows={rows}
          columns={COLUMNS}
          rowId={(row) => row.id}
          loading={deals.isPending}
          total={deals.data?.pages[0]?.total ?? undefined}
          onOpen={(row) => void navigate({ to: "/deals/$id", params: { id: row.id } })}
          empty={
            q || outcome ? (
              <EmptyState title="No deal matches">No deal fits the search and the state.</EmptyState>
            ) : (
              <EmptyState
                title="No deals yet"
                actions={
                  <Link to="/imports" className={buttonClass("primary")}>
                    Import deals
                  </Link>
                }
              >
                Import the deals of your CRM, then their stage history and contact roles: attribution joins them to what
                marketing did.
              </EmptyState>
            )
          }
          more={{
            available: deals.hasNextPage,
            loading: deals.isFetchingNextPage,
            fetch: () => void deals.fetchNextPage(),
          }}
        />
      )}
    </Page>
  );
}
