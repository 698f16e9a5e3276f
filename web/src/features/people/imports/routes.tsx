import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { FileUp } from "lucide-react";
import type { Place } from "#/app/places.ts";
import { shellRoute } from "#/app/root-route.tsx";
import { compact, oneOf } from "#/lib/search.ts";
import { OUTCOMES, type Outcome } from "./queries.ts";

const importsRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/imports",
  component: lazyRouteComponent(() => import("./imports-page.tsx"), "ImportsPage"),
});

const importRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/imports/$id",
  validateSearch: (search: Record<string, unknown>): { outcome?: Outcome; view?: "mapping" | "rows" } =>
    compact({ outcome: oneOf(search, "outcome", OUTCOMES), view: oneOf(search, "view", ["mapping", "rows"]) }),
  component: lazyRouteComponent(() => import("./import-page.tsx"), "ImportPage"),
});

/** The pages of this feature. */
export const routes = [importsRoute, importRoute] as const;

/** Where the rail and the palette lead. */
export const places: Place[] = [
  {
    area: "People",
    label: "Imports",
    to: "/imports",
    icon: FileUp,
    permission: "imports.read",
    words: "csv upload file hubspot salesforce spend deals",
    key: "i",
  },
];
