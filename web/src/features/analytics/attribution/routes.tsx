import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { Scale } from "lucide-react";
import type { Place } from "#/app/places.ts";
import { shellRoute } from "#/app/root-route.tsx";
import { isDate } from "#/lib/dates.ts";
import { compact, integer, list, oneOf, text } from "#/lib/search.ts";
import { type AttributionSearch, DIMENSIONS, GOALS, JOURNEYS } from "./queries.ts";

function day(search: Record<string, unknown>, key: string): string | undefined {
  const value = text(search, key);
  return value && isDate(value) ? value : undefined;
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
      goal: oneOf(
        search,
        "goal",
        GOALS.map((one) => one.value),
      ),
      lookback: integer(search, "lookback", 1, 3650),
      journey: oneOf(
        search,
        "journey",
        JOURNEYS.map((one) => one.value),
      ),
      models: list(search, "models"),
      channel: text(search, "channel"),
    }),
  component: lazyRouteComponent(() => import("./attribution-page.tsx"), "AttributionPage"),
});

const dealRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/attribution/deals/$id",
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
