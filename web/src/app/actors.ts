import { useQuery } from "@tanstack/react-query";
import { useCallback, useMemo } from "react";
import { keysQuery, membersQuery } from "#/features/platform/accounts/queries.ts";
import { useMay } from "./session.ts";

/** The name behind an actor such as `user:usr_…`, `key:key_…` or `system:demo`. */
export function useActorNames(): (actor: string) => string {
  const members = useQuery({ ...membersQuery, enabled: useMay("workspace.read") });
  const keys = useQuery({ ...keysQuery, enabled: useMay("keys.read") });
  const names = useMemo(
    () =>
      new Map<string, string>([
        ...(members.data?.items ?? []).map((one) => [`user:${one.id}`, one.name || one.email] as const),
        ...(keys.data?.items ?? []).map((one) => [`key:${one.id}`, `API key “${one.name}”`] as const),
      ]),
    [members.data, keys.data],
  );
  return useCallback(
    (actor: string) => {
      const known = names.get(actor);
      if (known !== undefined) return known;
      const [kind, id = ""] = actor.split(":");
      if (kind === "user") return "a former member";
      if (kind === "key") return "an API key";
      return kind === "system" ? `Mainspring (${id})` : actor;
    },
    [names],
  );
}
