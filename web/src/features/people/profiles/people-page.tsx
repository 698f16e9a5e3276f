import { useInfiniteQuery } from "@tanstack/react-query";
import { getRouteApi, Link, useRouter } from "@tanstack/react-router";
import { useCallback, useMemo } from "react";
import { rowsOf } from "#/lib/pages.ts";
import { Button, buttonClass } from "#/ui/button.tsx";
import { DataTable } from "#/ui/data-table.tsx";
import { EmptyState } from "#/ui/empty-state.tsx";
import { FilterChip } from "#/ui/filter-chip.tsx";
import { Moment } from "#/ui/moment.tsx";
import { Page } from "#/ui/page.tsx";
import { ProblemView } from "#/ui/problem-view.tsx";
import { SearchInput } from "#/ui/search-input.tsx";
import { Select } from "#/ui/select.tsx";
import type { Column } from "#/ui/table-model.ts";
import { TimeAgo } from "#/ui/time-ago.tsx";
import { KNOWN, type PeopleSearch, type PersonSummary, peopleQuery, SORTS } from "./queries.ts";

const route = getRouteApi("/shell/people");

/** What to call a person: a name, an address, else the id. */
export function personLabel({ name, email, id }: { name: string; email: string; id: string }): string {
  return name || email || id;
}

const COLUMNS: Column<PersonSummary>[] = [
  {
    id: "name",
    header: "Person",
    sortable: false,
    value: personLabel,
    cell: (row) => (
      <Link to="/people/$id" params={{ id: row.id }}>
        {personLabel(row)}
      </Link>
    ),
  },
  { id: "email", header: "Email", sortable: false, value: (row) => row.email },
  { id: "title", header: "Job title", sortable: false, hidden: true, value: (row) => row.title },
  {
    id: "company",
    header: "Company",
    sortable: false,
    value: (row) => row.company_name,
    cell: (row) =>
      row.company ? (
        <Link to="/companies/$id" params={{ id: row.company }}>
          {row.company_name || row.company}
        </Link>
      ) : (
        "–"
      ),
  },
  { id: "country", header: "Country", width: 90, sortable: false, value: (row) => row.country },
  { id: "city", header: "City", width: 120, sortable: false, hidden: true, value: (row) => row.city },
  {
    id: "lead_at",
    header: "Lead since",
    width: 120,
    sortable: false,
    value: (row) => row.lead_at,
    cell: (row) => (row.lead_at ? <Moment at={row.lead_at} look="day" /> : "–"),
  },
  {
    id: "last_seen",
    header: "Last seen",
    width: 130,
    sortable: false,
    value: (row) => row.last_seen,
    cell: (row) => (row.last_seen ? <TimeAgo at={row.last_seen} /> : "–"),
  },
  {
    id: "created_at",
    header: "Created",
    width: 120,
    sortable: false,
    hidden: true,
    value: (row) => row.created_at,
    cell: (row) => <Moment at={row.created_at} look="day" />,
  },
];

/** Everybody who was seen, sent or imported. */
export function PeoplePage() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const router = useRouter();
  const people = useInfiniteQuery(peopleQuery(search));
  const rows = useMemo(() => rowsOf(people.data), [people.data]);
  const change = useCallback(
    (part: PeopleSearch) => void navigate({ search: (before) => ({ ...before, ...part }), replace: true }),
    [navigate],
  );
  const find = useCallback((q: string) => change({ q: q || undefined }), [change]);
  const filtered = search.q ?? search.known ?? search.country;
  const everybody = useCallback(() => change({ known: "everybody" }), [change]);
  return (
    <Page
      title="People"
      fill
      filters={
        <>
          <SearchInput label="Name, email or id" value={search.q ?? ""} onChange={find} />
          {search.country ? (
            <FilterChip name="Country" value={search.country} onRemove={() => change({ country: undefined })} />
          ) : null}
          <Select
            form="filter"
            label="Show"
            options={[
              { value: "known", label: "known people" },
              { value: "anonymous", label: "anonymous visitors" },
              { value: "everybody", label: "everybody" },
            ]}
            value={search.known ?? "known"}
            onChange={(next) => change({ known: next === "known" ? undefined : KNOWN.find((one) => one === next) })}
          />
          <Select
            form="filter"
            label="Newest by"
            options={[
              { value: "last_seen", label: "last event" },
              { value: "created", label: "creation" },
              { value: "name", label: "name, A to Z" },
            ]}
            value={search.sort ?? "last_seen"}
            onChange={(next) => change({ sort: SORTS.find((one) => one === next) })}
          />
        </>
      }
    >
      {people.error ? (
        <ProblemView
          title="The people could not be loaded"
          error={people.error}
          onRetry={() => void people.refetch()}
        />
      ) : (
        <DataTable
          name="people"
          one="person"
          fill
          rows={rows}
          columns={COLUMNS}
          rowId={(row) => row.id}
          loading={people.isPending}
          total={people.data?.pages[0]?.total ?? undefined}
          sortedByServer
          onOpen={(row) => void router.navigate({ to: "/people/$id", params: { id: row.id } })}
          empty={filtered ? <NobodyMatches /> : <NobodyYet onEverybody={everybody} />}
          more={{
            available: people.hasNextPage,
            loading: people.isFetchingNextPage,
            fetch: () => void people.fetchNextPage(),
          }}
        />
      )}
    </Page>
  );
}

function NobodyMatches() {
  return <EmptyState title="Nobody matches">Try a part of the name or of the address, or show everybody.</EmptyState>;
}

function NobodyYet({ onEverybody }: { onEverybody: () => void }) {
  return (
    <EmptyState
      title="Nobody is known yet"
      actions={
        <>
          <Link to="/connect" className={buttonClass("primary")}>
            Connect a source
          </Link>
          <Link to="/imports" className={buttonClass()}>
            Import contacts
          </Link>
          <Button onClick={onEverybody}>Show anonymous visitors too</Button>
        </>
      }
    >
      Visitors appear as soon as a website sends events, and become known people when they are identified or imported.
    </EmptyState>
  );
}
