import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { KeyRound } from "lucide-react";
import { useMemo, useState } from "react";
import { useMay } from "#/app/session.ts";
import { Badge } from "#/ui/badge.tsx";
import { Button } from "#/ui/button.tsx";
import { ConfirmDialog } from "#/ui/confirm-dialog.tsx";
import { DataTable } from "#/ui/data-table.tsx";
import { EmptyState } from "#/ui/empty-state.tsx";
import { Moment } from "#/ui/moment.tsx";
import { ProblemView } from "#/ui/problem-view.tsx";
import type { Column } from "#/ui/table-model.ts";
import { TimeAgo } from "#/ui/time-ago.tsx";
import { CreateKeyDialog } from "./create-key-dialog.tsx";
import { permissionTitle } from "./permissions.ts";
import { type Key, keysQuery, useRevokeKey } from "./queries.ts";
import { SettingsPage } from "./settings-page.tsx";

const route = getRouteApi("/shell/settings/keys");

/** The workspace's keys. */
export function KeysPage() {
  const keys = useQuery(keysQuery);
  const may = useMay("keys.write");
  const revoke = useRevokeKey();
  const { create: creating } = route.useSearch();
  const navigate = route.useNavigate();
  const setCreating = (open: boolean) => void navigate({ search: open ? { create: true } : {}, replace: true });
  const [revoking, setRevoking] = useState<Key | undefined>(undefined);
  const columns = useMemo(() => columnsOf(may, setRevoking), [may]);
  const create = may ? (
    <Button look="primary" icon={<KeyRound size={14} aria-hidden="true" />} onClick={() => setCreating(true)}>
      Create key
    </Button>
  ) : null;
  return (
    <SettingsPage actions={create}>
      {keys.error ? (
        <ProblemView title="The keys could not be loaded" error={keys.error} onRetry={() => void keys.refetch()} />
      ) : (
        <DataTable
          name="keys"
          one="key"
          rows={keys.data?.items ?? []}
          columns={columns}
          rowId={(key) => key.id}
          loading={keys.isPending}
          empty={
            <EmptyState title="No keys yet" actions={create}>
              A write key lets a website or a server send events. An API key lets a program read and change what its
              permissions allow. Both are shown once and stored as a hash.
            </EmptyState>
          }
        />
      )}
      <CreateKeyDialog open={creating === true && may} onClose={() => setCreating(false)} />
      <ConfirmDialog
        open={revoking !== undefined}
        title={`Revoke ${revoking?.name ?? ""}?`}
        text={
          revoking?.kind === "write"
            ? "Every site and server that sends with this key is refused from now on; its events are lost until it gets another key."
            : "Every program that uses this key is refused from now on."
        }
        action="Revoke key"
        busy={revoke.isPending}
        onClose={() => setRevoking(undefined)}
        onConfirm={() => revoking && revoke.mutate(revoking.id, { onSettled: () => setRevoking(undefined) })}
      />
    </SettingsPage>
  );
}

function columnsOf(may: boolean, onRevoke: (key: Key) => void): Column<Key>[] {
  return [
    { id: "name", header: "Name", value: (key) => key.name },
    {
      id: "kind",
      header: "For",
      width: 110,
      value: (key) => (key.kind === "write" ? "Sending events" : "API"),
      cell: (key) => (key.kind === "write" ? "Events" : "API"),
    },
    {
      id: "prefix",
      header: "Begins with",
      width: 130,
      value: (key) => key.prefix,
      cell: (key) => <code>{key.prefix}…</code>,
    },
    {
      id: "state",
      header: "State",
      width: 110,
      value: stateOf,
      cell: (key) => <Badge tone={stateOf(key) === "active" ? "neutral" : "warning"}>{stateOf(key)}</Badge>,
    },
    {
      id: "last_used_at",
      header: "Last used",
      width: 130,
      value: (key) => key.last_used_at,
      cell: (key) => (key.last_used_at ? <TimeAgo at={key.last_used_at} /> : "never"),
    },
    {
      id: "created_at",
      header: "Created",
      width: 130,
      value: (key) => key.created_at,
      cell: (key) => <Moment at={key.created_at} look="day" />,
    },
    {
      id: "expires_at",
      header: "Expires",
      width: 130,
      value: (key) => key.expires_at,
      cell: (key) => (key.expires_at ? <Moment at={key.expires_at} look="day" /> : "never"),
    },
    {
      id: "permissions",
      header: "Permissions",
      hidden: true,
      value: (key) => key.permissions.map(permissionTitle).join(", "),
    },
    {
      id: "actions",
      header: "Actions",
      tools: true,
      width: 100,
      align: "right",
      value: () => null,
      cell: (key) =>
        may && stateOf(key) === "active" ? (
          <Button look="quiet" size="small" onClick={() => onRevoke(key)}>
            Revoke
          </Button>
        ) : null,
    },
  ];
}

function stateOf(key: Key): "active" | "revoked" | "expired" {
  if (key.revoked_at) return "revoked";
  return key.expires_at && new Date(key.expires_at) < new Date() ? "expired" : "active";
}
