import type { QueryClient } from "@tanstack/react-query";
import { createRootRouteWithContext, createRoute, Outlet, redirect } from "@tanstack/react-router";
import { asProblem } from "#/api/problem.ts";
import { NotFound } from "./not-found.tsx";
import { PageProblem } from "./page-problem.tsx";
import type { Place } from "./places.ts";
import { sessionQuery } from "./session.ts";
import { Shell } from "./shell.tsx";
import { currentWorkspace, enterWorkspace } from "./workspace.ts";

/** What every route can reach. */
export interface RouterContext {
  queries: QueryClient;
  /** Every page of every feature, for the rail and the palette. */
  places: readonly Place[];
}

/** The root of all pages. */
export const rootRoute = createRootRouteWithContext<RouterContext>()({
  component: Outlet,
  notFoundComponent: NotFound,
});

/** Pages for somebody signed in, inside the frame with the rail. Every feature's routes hang here. */
export const shellRoute = createRoute({
  getParentRoute: () => rootRoute,
  id: "shell",
  beforeLoad: async ({ context, location }) => {
    const asked = currentWorkspace();
    const session = await context.queries.ensureQueryData(sessionQuery).catch((error: unknown) => {
      if (asProblem(error).status !== 401) throw error;
      const next = location.publicHref === "/" ? undefined : location.publicHref;
      throw redirect({ to: "/sign-in", search: { next }, replace: true });
    });
    if (session.user.must_change_password) throw redirect({ to: "/new-password", replace: true });
    if (asked !== undefined) return;
    enterWorkspace(session.workspace.slug);
    // The same page again, now with the workspace in its address.
    throw redirect({ to: location.pathname as "/", search: location.search, hash: location.hash, replace: true });
  },
  component: Shell,
  errorComponent: PageProblem,
});

/** An address that leads nowhere, in the frame too, so that there is a way on. */
export const nowhereRoute = createRoute({ getParentRoute: () => shellRoute, path: "$", component: NotFound });
