import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { Building2 } from "lucide-react";
import type { Place } from "#/app/places.ts";
import { shellRoute } from "#/app/root-route.tsx";
import { compact, oneOf, text } from "#/lib/search.ts";

const listRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/companies",
  validateSearch: (search: Record<string, unknown>): { q?: string; sort?: "created" | "name" } =>
    compact({ q: text(search, "q"), sort: oneOf(search, "sort", ["created", "name"]) }),
  component: lazyRouteComponent(() => import("./companies-page.tsx"), "CompaniesPage"),
});

const oneRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/companies/$id",
  component: lazyRouteComponent(() => import("./company-page.tsx"), "CompanyPage"),
});

/** The pages of this feature. */
export const routes = [listRoute, oneRoute] as const;

/** Where the rail leads. */
export const places: Place[] = [
  {
    area: "People",
    label: "Companies",
    to: "/companies",
    icon: Building2,
    permission: "people.read",
    words: "accounts organisations",
    key: "c",
  },
];
