import { queryOptions, useSuspenseQuery } from "@tanstack/react-query";
import { api } from "#/api/http.ts";

/** Who is signed in, where, and what they may do. */
export interface Session {
  user: { id: string; name: string; email: string };
  workspaces: { slug: string; name: string; role: string }[];
  workspace: { slug: string; name: string; currency: string; time_zone: string };
  permissions: string[];
}

/** The session, fetched once and kept until sign-out. */
export const sessionQuery = queryOptions({
  queryKey: ["session"],
  queryFn: ({ signal }) => api.get<Session>("/session", {}, signal),
  staleTime: 5 * 60_000,
  retry: false,
});

/** The session of a page inside the shell; there always is one. */
export function useSession(): Session {
  return useSuspenseQuery(sessionQuery).data;
}

/** Whether the user may do something, for example `keys.write`. */
export function useMay(permission: string): boolean {
  return useSession().permissions.includes(permission);
}
