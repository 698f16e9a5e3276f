import { queryOptions, useSuspenseQuery } from "@tanstack/react-query";
import { api, request } from "#/api/http.ts";
import { ApiProblem } from "#/api/problem.ts";
import { showTimesIn } from "#/lib/format.ts";

/** Who is signed in, where, and what they may do. */
export interface Session {
  user: { id: string; name: string; email: string; must_change_password: boolean };
  workspaces: { slug: string; name: string; role: string }[];
  workspace: WorkspaceFacts;
  /** What the user is in this workspace. */
  role: string;
  permissions: string[];
}

/** What pages need to know of the workspace. */
export interface WorkspaceFacts {
  slug: string;
  name: string;
  currency: string;
  time_zone: string;
}

/** The session as the server tells it: somebody may be a member of nothing. */
type SessionAnswer = Omit<Session, "workspace"> & { workspace: WorkspaceFacts | null };

const NO_WORKSPACE = {
  code: "no_workspace",
  message:
    "You are not a member of a workspace here. Ask an owner to add you, or open an address that you are a member of.",
};

/** The session, fetched once and kept until sign-out. */
export const sessionQuery = queryOptions({
  queryKey: ["session"],
  queryFn: async ({ signal }): Promise<Session> => {
    const answer = await api.get<SessionAnswer>("/session", {}, signal);
    if (answer.workspace === null) throw new ApiProblem(403, NO_WORKSPACE);
    showTimesIn(answer.workspace.time_zone);
    return { ...answer, workspace: answer.workspace };
  },
  staleTime: 5 * 60_000,
  retry: false,
});

/** The workspaces of the user, whatever the address says. */
export const workspacesQuery = queryOptions({
  queryKey: ["session", "outside"],
  queryFn: ({ signal }) => request<SessionAnswer>("GET", "/session", { signal, outside: true }),
  retry: false,
});

/** The session of a page inside the shell; there always is one. */
export function useSession(): Session {
  return useSuspenseQuery(sessionQuery).data;
}

/** Whether the user owns this workspace: only an owner makes, changes or removes an owner. */
export function useIsOwner(): boolean {
  return useSession().role === "owner";
}

/** Whether the user may make another workspace: who owns one may. */
export function useMayCreateWorkspace(): boolean {
  return useSession().workspaces.some((one) => one.role === "owner");
}

/** Whether the user may do something, for example `keys.write`. */
export function useMay(permission: string): boolean {
  return useSession().permissions.includes(permission);
}
