import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { Handshake } from "lucide-react";
import type { Place } from "#/app/places.ts";
import { shellRoute } from "#/app/root-route.tsx";
import { compact, oneOf, text } from "#/lib/search.ts";
import { OUTCOMES, type Outcome } from "./queries.ts";

const listRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/deals",
  validateSearch: (search: Record<string, unknown>): { q?: string; outcome?: Outcome } =>
    compact({ q: text(search, "q"), outcome: oneOf(search, "outcome", OUTCOMES) }),
  component: lazyRouteComponent(() => import("./deals-page.tsx"), "DealsPage"),
});

const oneRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/deals/$id",
  component: lazyRouteComponent(() => import("./deal-page.tsx"), "DealPage"),
});

/** The pages of this feature. */
export const routes = [listRoute, oneRoute] as const;

/** Where the rail leads. */
export const places: Place[] = [
  {
    area: "People",
    label: "Deals",
    to: "/deals",
    icon: Handshake,
    permission: "deals.read",
    words: "opportunities pipeline sales",
    key: "d",
  },
];
