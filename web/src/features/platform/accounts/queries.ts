import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { useRouter } from "@tanstack/react-router";
import { api } from "#/api/http.ts";
import { type Session, sessionQuery } from "#/app/session.ts";
import { enterWorkspace } from "#/app/workspace.ts";

/** Ends the session. */
export function useSignOut() {
  const queries = useQueryClient();
  const router = useRouter();
  return useMutation({
    mutationFn: () => api.delete<void>("/session"),
    meta: { failed: "You are still signed in" },
    onSuccess: async () => {
      queries.clear();
      enterWorkspace(undefined);
      await router.navigate({ to: "/sign-in", search: {} });
    },
  });
}

/** Signs in; the session comes back as a cookie. */
export function useSignIn() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (who: { email: string; password: string }) => api.post<Session>("/session", who),
    meta: { shown: true },
    onSuccess: () => queries.invalidateQueries({ queryKey: sessionQuery.queryKey }),
  });
}

/** Whether the first owner still has to be made. */
export const setupQuery = queryOptions({
  queryKey: ["setup"],
  queryFn: ({ signal }) => api.get<{ needed: boolean }>("/setup", {}, signal),
  staleTime: 0,
});
