import { useInfiniteQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useMemo } from "react";
import { number } from "#/lib/format.ts";
import { rowsOf } from "#/lib/pages.ts";
import { buttonClass } from "#/ui/button.tsx";
import { DataTable } from "#/ui/data-table.tsx";
import { EmptyState } from "#/ui/empty-state.tsx";
import { Moment } from "#/ui/moment.tsx";
import { Page } from "#/ui/page.tsx";
import { ProblemView } from "#/ui/problem-view.tsx";
import { SearchInput } from "#/ui/search-input.tsx";
import { Select } from "#/ui/select.tsx";
import type { Column } from "#/ui/table-model.ts";
import { type CompanySort, type CompanySummary, companiesQuery } from "./queries.ts";

const route = getRouteApi("/shell/companies");

const COLUMNS: Column<CompanySummary>[] = [
  {
    id: "name",
    header: "Company",
    value: (row) => row.name,
    cell: (row) => (
      <Link to="/companies/$id" params={{ id: row.id }}>
        {row.name}
      </Link>
    ),
    sortable: false,
  },
  { id: "domain", header: "Domain", width: 190, value: (row) => row.domain, sortable: false },
  { id: "industry", header: "Industry", width: 160, value: (row) => row.industry, sortable: false },
  { id: "country", header: "Country", width: 120, value: (row) => row.country, sortable: false },
  {
    id: "people",
    header: "People",
    align: "right",
    width: 90,
    value: (row) => row.people,
    cell: (row) => number(row.people),
    sortable: false,
  },
  {
    id: "deals",
    header: "Deals",
    align: "right",
    width: 90,
    value: (row) => row.deals,
    cell: (row) => number(row.deals),
    sortable: false,
  },
  {
    id: "created",
    header: "Known since",
    width: 130,
    value: (row) => row.created_at,
    cell: (row) => <Moment at={row.created_at} look="day" />,
    sortable: false,
  },
];

/** All companies. */
export function CompaniesPage() {
  const { q = "", sort = "created" } = route.useSearch();
  const navigate = route.useNavigate();
  const companies = useInfiniteQuery(companiesQuery(q, sort));
  const rows = useMemo(() => rowsOf(companies.data), [companies.data]);
  return (
    <Page
      title="Companies"
      fill
      filters={
        <>
          <SearchInput
            label="Search companies"
            placeholder="Name or domain"
            value={q}
            onChange={(next) => void navigate({ search: (old) => ({ ...old, q: next || undefined }), replace: true })}
          />
          <Select<CompanySort>
            form="filter"
            label="Order"
            value={sort}
            options={[
              { value: "created", label: "newest first" },
              { value: "name", label: "by name" },
            ]}
            onChange={(next) => void navigate({ search: (old) => ({ ...old, sort: next }), replace: true })}
          />
        </>
      }
    >
      {companies.error ? (
        <ProblemView
          title="The companies could not be loaded"
          error={companies.error}
          onRetry={() => void companies.refetch()}
        />
      ) : (
        <DataTable
          name="companies"
          one="company"
          fill
          rows={rows}
          columns={COLUMNS}
          rowId={(row) => row.id}
          loading={companies.isPending}
          total={companies.data?.pages[0]?.total ?? undefined}
          onOpen={(row) => void navigate({ to: "/companies/$id", params: { id: row.id } })}
          empty={
            q ? (
              <EmptyState title="No company matches">No company's name or domain holds “{q}”.</EmptyState>
            ) : (
              <EmptyState
                title="No companies yet"
                actions={
                  <Link to="/imports" className={buttonClass("primary")}>
                    Import companies
                  </Link>
                }
              >
                A company appears when a person with a work e-mail address becomes known, when a group call names it, or
                when you import a file of companies.
              </EmptyState>
            )
          }
          more={{
            available: companies.hasNextPage,
            loading: companies.isFetchingNextPage,
            fetch: () => void companies.fetchNextPage(),
          }}
        />
      )}
    </Page>
  );
}
