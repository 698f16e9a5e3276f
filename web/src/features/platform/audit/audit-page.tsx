import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { ShieldCheck } from "lucide-react";
import { useMemo } from "react";
import { useActorNames } from "#/app/actors.ts";
import { RecordLink } from "#/app/record-links.tsx";
import { SettingsPage } from "#/features/platform/accounts/settings-page.tsx";
import { counted, exactTime, number } from "#/lib/format.ts";
import { rowsOf } from "#/lib/pages.ts";
import { Badge } from "#/ui/badge.tsx";
import { Button } from "#/ui/button.tsx";
import { DataTable } from "#/ui/data-table.tsx";
import { Drawer } from "#/ui/drawer.tsx";
import { EmptyState } from "#/ui/empty-state.tsx";
import { JsonTree } from "#/ui/json-tree.tsx";
import { KeyFacts } from "#/ui/key-facts.tsx";
import { ProblemView } from "#/ui/problem-view.tsx";
import { Section } from "#/ui/section.tsx";
import { SkeletonLines } from "#/ui/skeleton.tsx";
import type { Column } from "#/ui/table-model.ts";
import { TimeAgo } from "#/ui/time-ago.tsx";
import { type AuditCheck, type AuditEntry, auditQuery, entryQuery, useAuditCheck } from "./queries.ts";

const route = getRouteApi("/shell/settings/audit");

/** Who changed what. */
export function AuditPage() {
  const audit = useInfiniteQuery(auditQuery);
  const { entry: openId } = route.useSearch();
  const navigate = route.useNavigate();
  const actorName = useActorNames();
  const check = useAuditCheck();
  const rows = useMemo(() => rowsOf(audit.data), [audit.data]);
  const loaded = rows.find((entry) => entry.id === openId);
  const asked = useQuery(entryQuery(loaded || audit.isPending ? undefined : openId));
  const open = loaded ?? asked.data ?? undefined;
  const show = (id: string | undefined) => void navigate({ search: { entry: id }, replace: openId !== undefined });
  const columns = useMemo<Column<AuditEntry>[]>(
    () => [
      { id: "at", header: "When", width: 140, value: (entry) => entry.at, cell: (entry) => <TimeAgo at={entry.at} /> },
      { id: "actor", header: "Who", value: (entry) => actorName(entry.actor) },
      {
        id: "action",
        header: "What",
        width: 190,
        value: (entry) => entry.action,
        cell: (entry) => <code>{entry.action}</code>,
      },
      { id: "target", header: "On", value: (entry) => entry.target, cell: (entry) => <RecordLink id={entry.target} /> },
    ],
    [actorName],
  );
  return (
    <SettingsPage
      fill
      actions={
        <>
          {check.data ? <Badge tone={check.data.intact ? "success" : "danger"}>{checkText(check.data)}</Badge> : null}
          <Button
            icon={<ShieldCheck size={14} aria-hidden="true" />}
            busy={check.isPending}
            onClick={() => check.mutate()}
          >
            Check the chain
          </Button>
        </>
      }
    >
      {audit.error ? (
        <ProblemView
          title="The audit trail could not be loaded"
          error={audit.error}
          onRetry={() => void audit.refetch()}
        />
      ) : (
        <DataTable
          name="audit entries"
          one="audit entry"
          fill
          rows={rows}
          columns={columns}
          rowId={(entry) => entry.id}
          loading={audit.isPending}
          openId={openId}
          onOpen={(entry) => show(entry.id)}
          more={{
            available: audit.hasNextPage,
            loading: audit.isFetchingNextPage,
            fetch: () => void audit.fetchNextPage(),
          }}
        />
      )}
      <Drawer
        open={openId !== undefined}
        onClose={() => show(undefined)}
        title={open?.action ?? "Audit entry"}
        subtitle={open ? exactTime(open.at) : null}
      >
        {asked.error ? (
          <ProblemView title="The entry could not be loaded" error={asked.error} onRetry={() => void asked.refetch()} />
        ) : null}
        {audit.isPending || asked.isLoading ? <SkeletonLines lines={6} /> : null}
        {asked.data === null ? (
          <EmptyState title="There is no such entry">
            The address names no entry of this workspace’s audit trail. It may have been cut short.
          </EmptyState>
        ) : null}
        {open ? (
          <>
            <KeyFacts
              facts={[
                { name: "Who", value: actorName(open.actor) },
                { name: "As", value: <code>{open.actor}</code> },
                { name: "On", value: <RecordLink id={open.target} /> },
                { name: "Entry", value: <code>{open.id}</code> },
              ]}
            />
            <Section title="What changed">
              <JsonTree value={open.details} />
            </Section>
          </>
        ) : null}
      </Drawer>
    </SettingsPage>
  );
}

/** What the check found; the chain of the accounts and keys is not this workspace’s, but a break in it concerns it. */
function checkText({ intact, entries, broken_at: at, accounts_intact: accounts }: AuditCheck): string {
  if (intact) return `Intact: ${counted(entries, "entry", "entries")}`;
  const own = at === null || at === undefined ? undefined : `Broken at entry ${number(at)}`;
  if (accounts) return own ?? "Broken";
  return own ? `${own}, and in the trail of accounts` : "Broken in the trail of accounts";
}
