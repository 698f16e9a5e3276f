import type { QueryClient } from "@tanstack/react-query";
import { createRouter, parseSearchWith, stringifySearchWith } from "@tanstack/react-router";
import { searchText } from "#/lib/search.ts";
import { PageProblem } from "./page-problem.tsx";
import { Pending } from "./pending.tsx";
import { places, routeTree } from "./routes.tsx";
import { addWorkspace, stripWorkspace } from "./workspace.ts";

/** The router, with the workspace kept in the address but out of every route. */
export function makeRouter(queries: QueryClient) {
  return createRouter({
    routeTree,
    context: { queries, places },
    rewrite: { input: ({ url }) => stripWorkspace(url), output: ({ url }) => addWorkspace(url) },
    // Texts stay as they are: `?open=1303`, `?channels=Email,Direct`. Every route reads them with lib/search.ts.
    parseSearch: parseSearchWith((value) => value),
    stringifySearch: stringifySearchWith(searchText),
    defaultPreload: "intent",
    defaultPendingMs: 150,
    defaultPendingMinMs: 200,
    defaultPendingComponent: Pending,
    defaultErrorComponent: PageProblem,
    scrollRestoration: true,
    scrollToTopSelectors: ["#main"],
  });
}

declare module "@tanstack/react-router" {
  interface Register {
    router: ReturnType<typeof makeRouter>;
  }
}
