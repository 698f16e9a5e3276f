import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { SquareTerminal } from "lucide-react";
import type { Place } from "#/app/places.ts";
import { shellRoute } from "#/app/root-route.tsx";
import { compact, oneOf, text } from "#/lib/search.ts";

/** What the address of the console says. */
export interface SqlSearch {
  /** The statement, when it is not that of the saved question. */
  q?: string | undefined;
  /** The saved question that is open. */
  saved?: string | undefined;
  /** How the answer is drawn. */
  chart?: string | undefined;
  /** How the answer is shown; as a table when absent. */
  view?: "chart" | "plan" | undefined;
  /** The moment whose knowledge counts. */
  as_of?: string | undefined;
}

const sqlRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/sql",
  validateSearch: (search: Record<string, unknown>): SqlSearch =>
    compact({
      q: text(search, "q"),
      saved: text(search, "saved"),
      chart: text(search, "chart"),
      view: oneOf(search, "view", ["chart", "plan"]),
      as_of: text(search, "as_of"),
    }),
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
