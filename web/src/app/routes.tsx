import * as accounts from "#/features/platform/accounts/routes.tsx";
import type { Place } from "./places.ts";
import { rootRoute, shellRoute } from "./root-route.tsx";

// One line a feature: its routes here, its places below. The order of the places is the order of the rail.

/** All pages. */
export const routeTree = rootRoute.addChildren([
  ...accounts.outsideRoutes,
  shellRoute.addChildren([...accounts.routes]),
]);

/** Where the rail and the palette lead. */
export const places: readonly Place[] = [...accounts.places];
