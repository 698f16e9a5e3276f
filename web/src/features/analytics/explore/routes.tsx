import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { Telescope } from "lucide-react";
import type { Place } from "#/app/places.ts";
import { shellRoute } from "#/app/root-route.tsx";
import { isDate } from "#/lib/dates.ts";
import { compact, text } from "#/lib/search.ts";
import type { ExploreSearch } from "./queries.ts";

function day(search: Record<string, unknown>, key: string): string | undefined {
  const value = text(search, key);
  return value && isDate(value) ? value : undefined;
}

const exploreRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/explore",
  validateSearch: (search: Record<string, unknown>): ExploreSearch =>
    compact({
      from: day(search, "from"),
      to: day(search, "to"),
      q: text(search, "q"),
      cell: text(search, "cell"),
      saved: text(search, "saved"),
    }),
  component: lazyRouteComponent(() => import("./explore-page.tsx"), "ExplorePage"),
});

/** The page of this feature. */
export const routes = [exploreRoute] as const;

/** Where the rail and the palette lead. */
export const places: Place[] = [
  {
    area: "Analytics",
    label: "Explore",
    to: "/explore",
    icon: Telescope,
    permission: "metrics.read",
    words: "trends funnel retention paths cohort conversion drop-off segment",
    key: "x",
  },
];
