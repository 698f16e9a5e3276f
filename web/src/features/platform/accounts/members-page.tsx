import { useQuery } from "@tanstack/react-query";
import { UserPlus } from "lucide-react";
import { useMemo, useState } from "react";
import { useIsOwner, useMay, useSession } from "#/app/session.ts";
import { Button } from "#/ui/button.tsx";
import { ConfirmDialog } from "#/ui/confirm-dialog.tsx";
import { DataTable } from "#/ui/data-table.tsx";
import { ProblemView } from "#/ui/problem-view.tsx";
import { Select } from "#/ui/select.tsx";
import type { Column } from "#/ui/table-model.ts";
import { TimeAgo } from "#/ui/time-ago.tsx";
import { toast } from "#/ui/toasts.ts";
import { AddMemberDialog } from "./add-member-dialog.tsx";
import {
  type Member,
  membersQuery,
  type Role,
  roleLabel,
  rolesToGive,
  useChangeRole,
  useRemoveMember,
} from "./queries.ts";
import { SettingsPage } from "./settings-page.tsx";

/** Who is in the workspace, and what they may do. */
export function MembersPage() {
  const members = useQuery(membersQuery);
  const may = useMay("members.write");
  const { user } = useSession();
  const owns = useIsOwner();
  const changeRole = useChangeRole();
  const remove = useRemoveMember();
  const [adding, setAdding] = useState(false);
  const [removing, setRemoving] = useState<Member | undefined>(undefined);
  const change = changeRole.mutate;
  const columns = useMemo<Column<Member>[]>(() => {
    const mayChange = (member: Member) => may && member.id !== user.id && (owns || member.role !== "owner");
    return [
      {
        id: "name",
        header: "Name",
        value: (member) => member.name,
        cell: (member) => `${member.name}${member.id === user.id ? " (you)" : ""}`,
      },
      { id: "email", header: "Email", value: (member) => member.email },
      {
        id: "role",
        header: "Role",
        width: 190,
        value: (member) => roleLabel(member.role),
        cell: (member) =>
          mayChange(member) ? (
            <Select
              form="filter"
              size="small"
              label={`Role of ${member.name}`}
              hideLabel
              options={rolesToGive(owns).map(({ value, label }) => ({ value, label }))}
              value={member.role}
              onChange={(role: Role) =>
                change(
                  { id: member.id, role },
                  {
                    onSuccess: () =>
                      toast(`${member.name} is now ${roleLabel(role).toLowerCase()}`, {
                        undo: () => change({ id: member.id, role: member.role }),
                      }),
                  },
                )
              }
            />
          ) : (
            roleLabel(member.role)
          ),
      },
      {
        id: "signed_in_at",
        header: "Last sign-in",
        width: 130,
        value: (member) => member.signed_in_at,
        cell: (member) => (member.signed_in_at ? <TimeAgo at={member.signed_in_at} /> : "never"),
      },
      {
        id: "actions",
        header: "Actions",
        tools: true,
        width: 100,
        align: "right",
        value: () => null,
        cell: (member) =>
          mayChange(member) ? (
            <Button look="quiet" size="small" onClick={() => setRemoving(member)}>
              Remove
            </Button>
          ) : null,
      },
    ];
  }, [may, owns, user.id, change]);
  return (
    <SettingsPage
      actions={
        may ? (
          <Button look="primary" icon={<UserPlus size={14} aria-hidden="true" />} onClick={() => setAdding(true)}>
            Add member
          </Button>
        ) : null
      }
    >
      {members.error ? (
        <ProblemView
          title="The members could not be loaded"
          error={members.error}
          onRetry={() => void members.refetch()}
        />
      ) : (
        <DataTable
          name="members"
          one="member"
          rows={members.data?.items ?? []}
          columns={columns}
          rowId={(member) => member.id}
          loading={members.isPending}
        />
      )}
      <AddMemberDialog open={adding} onClose={() => setAdding(false)} />
      <ConfirmDialog
        open={removing !== undefined}
        title={`Remove ${removing?.name || removing?.email || ""}?`}
        text="They lose access to this workspace at once, and so do the API keys they made. What they did stays in the audit trail."
        action="Remove member"
        busy={remove.isPending}
        onClose={() => setRemoving(undefined)}
        onConfirm={() => removing && remove.mutate(removing.id, { onSettled: () => setRemoving(undefined) })}
      />
    </SettingsPage>
  );
}
