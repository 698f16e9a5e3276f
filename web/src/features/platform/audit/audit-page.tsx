import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { ShieldCheck } from "lucide-react";
import { useMemo } from "react";
import { membersQuery } from "#/features/platform/accounts/queries.ts";
import { SettingsPage } from "#/features/platform/accounts/settings-page.tsx";
import { counted, exactTime } from "#/lib/format.ts";
import { rowsOf } from "#/lib/pages.ts";
import { Badge } from "#/ui/badge.tsx";
import { Button } from "#/ui/button.tsx";
import { DataTable } from "#/ui/data-table.tsx";
import { Drawer } from "#/ui/drawer.tsx";
import { JsonTree } from "#/ui/json-tree.tsx";
import { KeyFacts } from "#/ui/key-facts.tsx";
import { ProblemView } from "#/ui/problem-view.tsx";
import { Section } from "#/ui/section.tsx";
import type { Column } from "#/ui/table-model.ts";
import { TimeAgo } from "#/ui/time-ago.tsx";
import { type AuditEntry, auditQuery, useAuditCheck } from "./queries.ts";

const route = getRouteApi("/shell/settings/audit");

/** Who changed what. */
export function AuditPage() {
  const audit = useInfiniteQuery(auditQuery);
  const { entry: openId } = route.useSearch();
  const navigate = route.useNavigate();
  const actorName = useActorNames();
  const check = useAuditCheck();
  const rows = useMemo(() => rowsOf(audit.data), [audit.data]);
  const open = rows.find((entry) => entry.id === openId);
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
      { id: "target", header: "On", value: (entry) => entry.target, cell: (entry) => <code>{entry.target}</code> },
    ],
    [actorName],
  );
  return (
    <SettingsPage
      fill
      actions={
        <>
          {check.data ? (
            <Badge tone={check.data.intact ? "success" : "danger"}>
              {check.data.intact
                ? `Intact: ${counted(check.data.entries, "entry", "entries")}`
                : `Broken at entry ${check.data.broken_at ?? "?"}`}
            </Badge>
          ) : null}
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
        open={open !== undefined}
        onClose={() => show(undefined)}
        title={open?.action ?? ""}
        subtitle={open ? exactTime(open.at) : null}
      >
        {open ? (
          <>
            <KeyFacts
              facts={[
                { name: "Who", value: actorName(open.actor) },
                { name: "As", value: <code>{open.actor}</code> },
                { name: "On", value: <code>{open.target}</code> },
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

/** The name behind `user:usr_…`, where it is a member; the other kinds of actor in words. */
function useActorNames(): (actor: string) => string {
  const members = useQuery(membersQuery);
  return useMemo(() => {
    const names = new Map(members.data?.items.map((member) => [`user:${member.id}`, member.name || member.email]));
    return (actor: string) => {
      const [kind, id = ""] = actor.split(":");
      if (kind === "key") return `API key ${id.slice(0, 12)}…`;
      if (kind === "system") return `Mainspring (${id})`;
      return names.get(actor) ?? actor;
    };
  }, [members.data]);
}
