import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { SquareTerminal } from "lucide-react";
import type { Place } from "#/app/places.ts";
import { shellRoute } from "#/app/root-route.tsx";
import { compact, text } from "#/lib/search.ts";

const sqlRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/sql",
  validateSearch: (search: Record<string, unknown>): { q?: string } => compact({ q: text(search, "q") }),
  component: lazyRouteComponent(() => import("./sql-page.tsx"), "SqlPage"),
});

/** The page of this feature. */
export const routes = [sqlRoute] as const;

/** Where the rail and the palette lead. */
export const places: Place[] = [
  {
    area: "Analytics",
    label: "SQL console",
    to: "/sql",
    icon: SquareTerminal,
    permission: "sql.run",
    words: "query database tables",
    key: "q",
  },
];
