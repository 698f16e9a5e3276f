import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { House } from "lucide-react";
import type { Place } from "#/app/places.ts";
import { shellRoute } from "#/app/root-route.tsx";
import { JOURNEYS, registryQuery } from "#/features/analytics/metrics/queries.ts";
import { isDate } from "#/lib/dates.ts";
import { compact, integer, moment, oneOf, text } from "#/lib/search.ts";
import { COMPARES, type HomeSearch } from "./queries.ts";

function day(search: Record<string, unknown>, key: string): string | undefined {
  const value = text(search, key);
  return value && isDate(value) ? value : undefined;
}

const homeRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/",
  validateSearch: (search: Record<string, unknown>): HomeSearch =>
    compact({
      from: day(search, "from"),
      to: day(search, "to"),
      compare: oneOf(search, "compare", COMPARES),
      model: text(search, "model"),
      lookback: integer(search, "lookback", 1, 3650),
      journey: oneOf(
        search,
        "journey",
        JOURNEYS.map((one) => one.value),
      ),
      explain: text(search, "explain"),
      channel: text(search, "channel"),
      page: text(search, "page"),
      as_of: moment(search, "as_of"),
    }),
  // The filters are as wide as the names in them: known before, they do not break into a second line afterwards.
  loader: ({ context }) => context.queries.prefetchQuery(registryQuery),
  component: lazyRouteComponent(() => import("./home-page.tsx"), "HomePage"),
});

/** The page of this feature. */
export const routes = [homeRoute] as const;

/** Where the rail and the palette lead. */
export const places: Place[] = [
  { area: "Home", label: "Home", to: "/", icon: House, words: "dashboard pipeline revenue leadership", key: "h" },
];
