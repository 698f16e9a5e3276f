import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { lazy, Suspense, useEffect, useMemo, useState } from "react";
import { useMay } from "#/app/session.ts";
import { keysQuery } from "#/features/platform/accounts/queries.ts";
import { number } from "#/lib/format.ts";
import { rowsOf } from "#/lib/pages.ts";
import { DataTable } from "#/ui/data-table.tsx";
import { EmptyState } from "#/ui/empty-state.tsx";
import { Page } from "#/ui/page.tsx";
import { ProblemView } from "#/ui/problem-view.tsx";
import { Select } from "#/ui/select.tsx";
import type { Column } from "#/ui/table-model.ts";
import { TimeAgo } from "#/ui/time-ago.tsx";
import { FateBadge } from "./fate-columns.tsx";
import styles from "./live-page.module.css";
import { LiveViews } from "./live-views.tsx";
import { type Quarantined, quarantineQuery } from "./queries.ts";

const EventDrawer = lazy(() => import("./event-drawer.tsx").then((module) => ({ default: module.EventDrawer })));

const route = getRouteApi("/shell/events");

const STATUSES = ["rejected", "suspicious"] as const;

/** Every message that was refused or is in doubt, each once, with its reason and how often it came. */
export function QuarantinePage() {
  const { status, code, open } = route.useSearch();
  const navigate = route.useNavigate();
  const kept = useInfiniteQuery(quarantineQuery({ status: STATUSES.find((one) => one === status), code }));
  const rows = useMemo(() => rowsOf(kept.data), [kept.data]);
  const codes = useCodes(rows, code);
  const keys = useQuery({ ...keysQuery, enabled: useMay("keys.read") });
  const keyNames = useMemo(() => new Map(keys.data?.items.map((one) => [one.id, one.name])), [keys.data]);
  const columns = useMemo(() => columnsOf(keyNames), [keyNames]);
  const change = (part: { status?: (typeof STATUSES)[number]; code?: string; open?: string }) =>
    void navigate({ search: (before) => ({ ...before, ...part }), replace: true });
  const filtered = status ?? code;
  return (
    <Page
      title="Live events"
      fill
      filters={
        <>
          <LiveViews view="quarantine" />
          <Select
            form="filter"
            label="Outcome"
            options={[{ value: "all", label: "All" }, ...STATUSES.map((one) => ({ value: one, label: one }))]}
            value={STATUSES.find((one) => one === status) ?? "all"}
            onChange={(next) => change({ status: STATUSES.find((one) => one === next) })}
          />
          <Select
            form="filter"
            label="Reason"
            options={[
              { value: "", label: "All" },
              ...codes.map((one) => ({ value: one, label: one.replaceAll("_", " ") })),
            ]}
            value={code ?? ""}
            onChange={(next) => change({ code: next || undefined })}
          />
        </>
      }
    >
      {kept.error ? (
        <ProblemView
          title="The quarantine could not be loaded"
          error={kept.error}
          onRetry={() => void kept.refetch()}
        />
      ) : (
        <DataTable
          name="messages in the quarantine"
          one="message in the quarantine"
          fill
          rows={rows}
          columns={columns}
          rowId={(row) => row.id}
          loading={kept.isPending}
          openId={open}
          onOpen={(row) => change({ open: row.id })}
          note="each once, last received first"
          empty={
            filtered ? (
              <EmptyState title="Nothing matches these filters">No message is kept aside for this reason.</EmptyState>
            ) : (
              <EmptyState title="The quarantine is empty">
                A message that is not taken, or that is in doubt, is kept here with its reason. The last 100,000 stay.
              </EmptyState>
            )
          }
          more={{
            available: kept.hasNextPage,
            loading: kept.isFetchingNextPage,
            fetch: () => void kept.fetchNextPage(),
          }}
        />
      )}
      {open ? (
        <Suspense>
          <EventDrawer
            key={open}
            open={open}
            kept={rows.find((row) => row.id === open)}
            keyNames={keyNames}
            onClose={() => change({ open: undefined })}
          />
        </Suspense>
      ) : null}
    </Page>
  );
}

/** The reasons seen so far, so that choosing one does not take the others away. */
function useCodes(rows: readonly Quarantined[], chosen: string | undefined): string[] {
  const [seen, setSeen] = useState<readonly string[]>([]);
  useEffect(() => {
    setSeen((before) => {
      const all = new Set([...before, ...rows.map((row) => row.code)]);
      return all.size === before.length ? before : [...all].sort();
    });
  }, [rows]);
  return chosen === undefined || seen.includes(chosen) ? [...seen] : [...seen, chosen];
}

function columnsOf(keyNames: Map<string, string>): Column<Quarantined>[] {
  return [
    {
      id: "last_received_at",
      header: "Last received",
      width: 130,
      value: (row) => row.last_received_at,
      cell: (row) => <TimeAgo at={row.last_received_at} />,
    },
    {
      id: "status",
      header: "Outcome",
      width: 112,
      value: (row) => row.status,
      cell: (row) => <FateBadge status={row.status} />,
    },
    {
      id: "name",
      header: "Event",
      value: (row) => row.name || row.kind,
      cell: (row) => (
        <span className={styles.event}>
          <span>{row.name || "(no name)"}</span>
          <span className={styles.kind}>{row.kind}</span>
        </span>
      ),
    },
    { id: "reason", header: "Reason", value: (row) => row.reason },
    { id: "code", header: "Code", width: 170, value: (row) => row.code, cell: (row) => <code>{row.code}</code> },
    {
      id: "seen",
      header: "Times",
      width: 80,
      align: "right",
      hint: "How often the same message came.",
      value: (row) => row.seen,
      cell: (row) => number(row.seen),
    },
    {
      id: "received_at",
      header: "First received",
      width: 130,
      hidden: true,
      value: (row) => row.received_at,
      cell: (row) => <TimeAgo at={row.received_at} />,
    },
    { id: "user", header: "Person", width: 150, value: (row) => row.user_id || row.anonymous_id },
    { id: "library", header: "Library", hidden: true, value: (row) => row.library },
    { id: "write_key", header: "Key", width: 140, value: (row) => keyNames.get(row.write_key) ?? row.write_key },
  ];
}
