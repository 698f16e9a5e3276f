import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { Pause, Play } from "lucide-react";
import { lazy, Suspense, useCallback, useMemo, useState } from "react";
import { useMay } from "#/app/session.ts";
import { keysQuery } from "#/features/platform/accounts/queries.ts";
import { classNames } from "#/lib/class-names.ts";
import { counted, number } from "#/lib/format.ts";
import type { StreamState } from "#/lib/stream.ts";
import { Button, buttonClass } from "#/ui/button.tsx";
import { DataTable } from "#/ui/data-table.tsx";
import { EmptyState } from "#/ui/empty-state.tsx";
import { Page } from "#/ui/page.tsx";
import { ProblemView } from "#/ui/problem-view.tsx";
import { SearchInput } from "#/ui/search-input.tsx";
import { Select } from "#/ui/select.tsx";
import { fateColumns } from "./fate-columns.tsx";
import styles from "./live-page.module.css";
import { LiveViews } from "./live-views.tsx";
import { QuarantinePage } from "./quarantine-page.tsx";
import { FATES, type Fate, type FateFilter } from "./queries.ts";
import { useFates } from "./use-fates.ts";

const EventDrawer = lazy(() => import("./event-drawer.tsx").then((module) => ({ default: module.EventDrawer })));

const route = getRouteApi("/shell/events");

/** What comes in, or what was kept aside. */
export function LivePage() {
  const { view } = route.useSearch();
  return view === "quarantine" ? <QuarantinePage /> : <StreamPage />;
}

/** What came in, as it comes in, and what became of it. */
function StreamPage() {
  const { status, person, name, key, open } = route.useSearch();
  const navigate = route.useNavigate();
  const [paused, setPaused] = useState(false);
  const filter = useMemo<FateFilter>(() => ({ status, person, name, key }), [status, person, name, key]);
  const { fates, held, state, error, loading } = useFates(filter, paused);
  const keys = useQuery({ ...keysQuery, enabled: useMay("keys.read") });
  const keyNames = useMemo(() => new Map(keys.data?.items.map((one) => [one.id, one.name])), [keys.data]);
  const columns = useMemo(() => fateColumns(keyNames), [keyNames]);
  const change = useCallback(
    (part: FateFilter & { open?: string | undefined }) =>
      void navigate({ search: (before) => ({ ...before, ...part }), replace: true }),
    [navigate],
  );
  const filtered = status ?? person ?? name ?? key;
  const writeKeys = keys.data?.items.filter((one) => one.kind === "write") ?? [];
  return (
    <Page
      title="Live events"
      fill
      state={<StreamBadge state={state} paused={paused} held={held} />}
      actions={
        <Button
          icon={paused ? <Play size={14} aria-hidden="true" /> : <Pause size={14} aria-hidden="true" />}
          onClick={() => setPaused(!paused)}
        >
          {paused ? "Go on" : "Pause"}
        </Button>
      }
      filters={
        <>
          <LiveViews view="stream" />
          <SearchInput
            label="Person"
            placeholder="Person, user id, anonymous id"
            value={person ?? ""}
            onChange={(next) => change({ person: next || undefined })}
          />
          <SearchInput label="Event" value={name ?? ""} onChange={(next) => change({ name: next || undefined })} />
          <Select
            form="filter"
            label="Outcome"
            options={[{ value: "all", label: "All" }, ...FATES.map((one) => ({ value: one, label: one }))]}
            value={status ?? "all"}
            onChange={(next) => change({ status: FATES.find((one) => one === next) })}
          />
          {writeKeys.length > 1 || key ? (
            <Select
              form="filter"
              label="Key"
              options={[
                { value: "all", label: "All" },
                ...writeKeys.map((one) => ({ value: one.id, label: one.name })),
              ]}
              value={key ?? "all"}
              onChange={(next) => change({ key: next === "all" ? undefined : next })}
            />
          ) : null}
          {filtered ? (
            <Button
              look="quiet"
              onClick={() => change({ status: undefined, person: undefined, name: undefined, key: undefined })}
            >
              Clear filters
            </Button>
          ) : null}
        </>
      }
    >
      {error ? (
        <ProblemView title="The events could not be loaded" error={error} />
      ) : (
        <DataTable
          name="events"
          one="event"
          fill
          rows={fates}
          columns={columns}
          rowId={(fate) => String(fate.sequence)}
          loading={loading}
          openId={fates.find((fate) => drawerKey(fate) === open)?.sequence.toString()}
          onOpen={(fate) => change({ open: drawerKey(fate) })}
          note={paused ? `${counted(held, "event")} arrived since the pause` : "newest first, the last 2,000"}
          empty={filtered ? <NothingMatches /> : <NothingYet />}
        />
      )}
      {open ? (
        <Suspense>
          <EventDrawer
            key={open}
            open={open}
            fate={fates.find((fate) => drawerKey(fate) === open)}
            keyNames={keyNames}
            onClose={() => change({ open: undefined })}
          />
        </Suspense>
      ) : null}
    </Page>
  );
}

/** What the address calls the event: its place in the log, or its row in the quarantine. */
function drawerKey(fate: Fate): string {
  if (fate.status === "duplicate") return `s${fate.sequence}`;
  if (fate.offset !== null && fate.offset !== undefined) return String(fate.offset);
  return fate.quarantine ?? `s${fate.sequence}`;
}

/** The state is spoken when it changes; the count beside it would be spoken without end, so it is only shown. */
function StreamBadge({ state, paused, held }: { state: StreamState; paused: boolean; held: number }) {
  const text = paused ? "Paused" : state === "open" ? "Live" : "Connecting";
  return (
    <span className={styles.state}>
      <span className={classNames(styles.dot, state === "open" && !paused && styles.open)} aria-hidden="true" />
      <span role="status">{text}</span>
      {paused && held > 0 ? <span>{number(held)} waiting</span> : null}
    </span>
  );
}

function NothingMatches() {
  return (
    <EmptyState title="Nothing matches these filters">
      Of the last 2,000 events none fits. New ones that fit appear here as they come in.
    </EmptyState>
  );
}

function NothingYet() {
  return (
    <EmptyState
      title="Waiting for the first event"
      actions={
        <Link to="/connect" className={buttonClass("primary")}>
          Connect a source
        </Link>
      }
    >
      Everything that a website, an app or a server sends appears here within a second, with what became of it:
      accepted, a duplicate, suspicious or rejected, and why.
    </EmptyState>
  );
}
