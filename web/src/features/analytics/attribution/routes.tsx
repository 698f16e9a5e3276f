import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { Scale } from "lucide-react";
import type { Place } from "#/app/places.ts";
import { shellRoute } from "#/app/root-route.tsx";
import { DEAL_GOALS, JOURNEYS, type JourneySearch } from "#/features/analytics/metrics/queries.ts";
import { isDate } from "#/lib/dates.ts";
import { compact, integer, list, moment, oneOf, text } from "#/lib/search.ts";
import { type AttributionSearch, DIMENSIONS, isGoal } from "./queries.ts";

function day(search: Record<string, unknown>, key: string): string | undefined {
  const value = text(search, key);
  return value && isDate(value) ? value : undefined;
}

function goal(search: Record<string, unknown>): string | undefined {
  const value = text(search, "goal");
  return value && isGoal(value) ? value : undefined;
}

function journey(search: Record<string, unknown>) {
  return oneOf(
    search,
    "journey",
    JOURNEYS.map((one) => one.value),
  );
}

const attributionRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/attribution",
  validateSearch: (search: Record<string, unknown>): AttributionSearch =>
    compact({
      from: day(search, "from"),
      to: day(search, "to"),
      dimension: oneOf(
        search,
        "dimension",
        DIMENSIONS.map((one) => one.value),
      ),
      goal: goal(search),
      lookback: integer(search, "lookback", 1, 3650),
      journey: journey(search),
      models: list(search, "models"),
      weights: text(search, "weights"),
      channel: text(search, "channel"),
      explain: text(search, "explain"),
      key: text(search, "key"),
      as_of: moment(search, "as_of"),
    }),
  component: lazyRouteComponent(() => import("./attribution-page.tsx"), "AttributionPage"),
});

const dealRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/attribution/deals/$id",
  validateSearch: (search: Record<string, unknown>): JourneySearch =>
    compact({
      goal: oneOf(
        search,
        "goal",
        DEAL_GOALS.map((one) => one.value),
      ),
      lookback: integer(search, "lookback", 1, 3650),
      journey: journey(search),
    }),
  component: lazyRouteComponent(() => import("./deal-attribution-page.tsx"), "DealAttributionPage"),
});

/** The pages of this feature. */
export const routes = [attributionRoute, dealRoute] as const;

/** Where the rail and the palette lead. */
export const places: Place[] = [
  {
    area: "Analytics",
    label: "Attribution",
    to: "/attribution",
    icon: Scale,
    permission: "metrics.read",
    words: "models credit first last linear touch roi",
    key: "a",
  },
];
