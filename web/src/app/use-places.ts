import { useRouter } from "@tanstack/react-router";
import { useCallback, useMemo } from "react";
import type { Place } from "./places.ts";
import { useSession } from "./session.ts";

/** The places this user may go to. */
export function usePlaces(): Place[] {
  const { permissions } = useSession();
  const { places } = useRouter().options.context;
  return useMemo(
    () => places.filter((place) => place.permission === undefined || permissions.includes(place.permission)),
    [permissions, places],
  );
}

/** The permission that the user lacks for a page; undefined where they may go. */
export function useMissingPermission(): (to: string) => string | undefined {
  const { permissions } = useSession();
  const { places } = useRouter().options.context;
  return useCallback(
    (to: string) => {
      const needed = places.find((place) => place.to === to)?.permission;
      return needed === undefined || permissions.includes(needed) ? undefined : needed;
    },
    [permissions, places],
  );
}
