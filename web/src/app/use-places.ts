import { useRouter } from "@tanstack/react-router";
import { useMemo } from "react";
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
