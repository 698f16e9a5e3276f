import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { useRouter } from "@tanstack/react-router";
import type { Schemas } from "#/api/client.ts";
import { api, request } from "#/api/http.ts";
import { enterWorkspace } from "#/app/workspace.ts";
import type { Page } from "#/lib/pages.ts";
import { keepFreshKey } from "./fresh-key.ts";

/** A workspace and its settings. */
export type Workspace = Schemas["Workspace"];

/** A user in the workspace. */
export type Member = Omit<Schemas["Member"], "role"> & { role: Role };

/** A key, without its secret. */
export type Key = Omit<Schemas["Key"], "permissions"> & { permissions: string[] };

/** A key just made: the only moment its secret is known. */
export type NewKey = Omit<Schemas["NewKey"], "key"> & { key: Key };

/** What a role of a marketing team may do, in a few words. */
export const ROLES = [
  { value: "owner", label: "Owner", detail: "everything, including members and keys" },
  { value: "director", label: "Director", detail: "reads everything, plans money, manages members" },
  {
    value: "automation_specialist",
    label: "Automation specialist",
    detail: "keeps data flowing: keys, imports, jobs, SQL",
  },
  { value: "analyst", label: "Analyst", detail: "reads everything, asks questions in SQL" },
  { value: "specialist", label: "Specialist", detail: "changes people and deals, imports, enters spend" },
  { value: "project_manager", label: "Project manager", detail: "reads everything, plans budget" },
  { value: "viewer", label: "Viewer", detail: "reads dashboards" },
] as const;

export type Role = (typeof ROLES)[number]["value"];

/** The roles that somebody may give: an owner is made by an owner only. */
export function rolesToGive(byOwner: boolean): readonly (typeof ROLES)[number][] {
  return byOwner ? ROLES : ROLES.filter((role) => role.value !== "owner");
}

/** The name of a role. */
export function roleLabel(role: string): string {
  return ROLES.find((one) => one.value === role)?.label ?? role;
}

/** Whether the first owner still has to be made. */
export const setupQuery = queryOptions({
  queryKey: ["setup"],
  queryFn: ({ signal }) => api.get<{ needed: boolean }>("/setup", {}, signal),
  staleTime: 0,
});

/** What the first owner and the first workspace are made of. */
export type NewOwner = Schemas["SetupRequest"];

/** A workspace just made, with the only sight of its first write key. */
type MadeWorkspace = Schemas["MadeWorkspace"];

/** Makes the owner and the first workspace; signs in. */
export function useSetUp() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (owner: NewOwner) => api.post<MadeWorkspace>("/setup", owner),
    meta: { shown: true },
    onSuccess: async ({ workspace, write_key }) => {
      keepFreshKey(workspace.slug, write_key);
      enterWorkspace(workspace.slug);
      queries.clear();
    },
  });
}

/** Signs in; the session comes back as a cookie. */
export function useSignIn() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (who: { email: string; password: string }) => api.post<void>("/session", who),
    meta: { shown: true },
    onSuccess: () => queries.clear(),
  });
}

/** Replaces the user's own password; other sessions end. */
export function useChangePassword() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (passwords: { current_password: string; new_password: string }) =>
      api.put<void>("/session/password", passwords),
    meta: { shown: true },
    onSuccess: () => queries.clear(),
  });
}

/** Ends the session. */
export function useSignOut() {
  const queries = useQueryClient();
  const router = useRouter();
  return useMutation({
    mutationFn: () => request<void>("DELETE", "/session", { outside: true }),
    meta: { failed: "You are still signed in" },
    onSuccess: async () => {
      enterWorkspace(undefined);
      await router.navigate({ to: "/sign-in", search: {} });
      queries.clear();
    },
  });
}

/** The workspace of this tab. */
export const workspaceQuery = queryOptions({
  queryKey: ["workspace"],
  queryFn: ({ signal }) => api.get<Workspace>("/workspace", {}, signal),
});

/** Changes the workspace's settings. */
export function useChangeWorkspace() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (change: Partial<Pick<Workspace, "name" | "currency" | "time_zone">>) =>
      api.patch<Workspace>("/workspace", change),
    meta: { shown: true },
    onSuccess: () => queries.invalidateQueries(),
  });
}

/** Creates another workspace and makes it the one of this tab. */
export function useCreateWorkspace() {
  return useMutation({
    mutationFn: (workspace: Pick<Workspace, "name" | "currency" | "time_zone">) =>
      api.post<MadeWorkspace>("/workspaces", workspace),
    meta: { shown: true },
    onSuccess: ({ workspace, write_key }) => {
      keepFreshKey(workspace.slug, write_key);
      // A whole new page: nothing of one workspace may stay in sight in another.
      location.assign(`/w/${workspace.slug}/connect`);
    },
  });
}

/** Everybody in the workspace. */
export const membersQuery = queryOptions({
  queryKey: ["members"],
  queryFn: ({ signal }) => api.get<Page<Member>>("/members", { limit: 500 }, signal),
});

/** A member just added; a new user comes with a password to hand over. */
export type AddedMember = Omit<Schemas["AddedMember"], "member"> & { member: Member };

/** Adds somebody to the workspace. */
export function useAddMember() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (member: { email: string; name: string; role: Role }) => api.post<AddedMember>("/members", member),
    meta: { shown: true },
    onSuccess: () => queries.invalidateQueries({ queryKey: membersQuery.queryKey }),
  });
}

/** Changes what a member may do. */
export function useChangeRole() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ({ id, role }: { id: string; role: Role }) => api.patch<Member>(`/members/${id}`, { role }),
    meta: { failed: "The role stays as it was" },
    onSettled: () => queries.invalidateQueries({ queryKey: membersQuery.queryKey }),
  });
}

/** Takes somebody out of the workspace. */
export function useRemoveMember() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => api.delete<void>(`/members/${id}`),
    meta: { failed: "The member was not removed" },
    onSuccess: () => queries.invalidateQueries({ queryKey: membersQuery.queryKey }),
  });
}

/** The workspace's keys, without their secrets. */
export const keysQuery = queryOptions({
  queryKey: ["keys"],
  queryFn: ({ signal }) => api.get<Page<Key>>("/keys", { limit: 500 }, signal),
});

/** What a new key is made of. */
export type KeyRequest = Omit<Schemas["KeyRequest"], "permissions"> & { permissions?: string[] };

/** Makes a key. */
export function useCreateKey() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (key: KeyRequest) => api.post<NewKey>("/keys", key),
    meta: { shown: true },
    onSuccess: () => queries.invalidateQueries({ queryKey: keysQuery.queryKey }),
  });
}

/** Ends a key at once. */
export function useRevokeKey() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => api.delete<void>(`/keys/${id}`),
    meta: { failed: "The key still works" },
    onSuccess: () => queries.invalidateQueries({ queryKey: keysQuery.queryKey }),
  });
}
