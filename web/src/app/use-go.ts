import { useRouter } from "@tanstack/react-router";
import { useCallback } from "react";

/** Goes to a place by its path, for lists whose routes are not known one by one. */
export function useGo(): (to: string) => void {
  const router = useRouter();
  return useCallback((to: string) => void router.navigate({ to: to as "/" }), [router]);
}
