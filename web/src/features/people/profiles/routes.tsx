import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { Users } from "lucide-react";
import type { Place } from "#/app/places.ts";
import { shellRoute } from "#/app/root-route.tsx";
import { compact, oneOf, text } from "#/lib/search.ts";
import { KNOWN, type PeopleSearch, SORTS } from "./queries.ts";

const TABS = ["timeline", "identity", "values"] as const;

/** The part of a person's page that is shown. */
export type PersonTab = (typeof TABS)[number];

const listRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/people",
  validateSearch: (search: Record<string, unknown>): PeopleSearch =>
    compact({
      q: text(search, "q"),
      known: oneOf(search, "known", KNOWN),
      country: text(search, "country"),
      sort: oneOf(search, "sort", SORTS),
    }),
  component: lazyRouteComponent(() => import("./people-page.tsx"), "PeoplePage"),
});

const oneRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/people/$id",
  validateSearch: (search: Record<string, unknown>): { tab?: PersonTab } =>
    compact({ tab: oneOf(search, "tab", TABS) }),
  component: lazyRouteComponent(() => import("./person-page.tsx"), "PersonPage"),
});

/** The pages of this feature. */
export const routes = [listRoute, oneRoute] as const;

/** Where the rail and the palette lead. */
export const places: Place[] = [
  {
    area: "People",
    label: "People",
    to: "/people",
    icon: Users,
    permission: "people.read",
    words: "contacts leads persons profiles",
    key: "p",
  },
];
