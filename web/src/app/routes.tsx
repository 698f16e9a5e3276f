import * as attribution from "#/features/analytics/attribution/routes.tsx";
import * as channelRules from "#/features/analytics/channel_rules/routes.tsx";
import * as channels from "#/features/analytics/channels/routes.tsx";
import * as dashboards from "#/features/analytics/dashboards/routes.tsx";
import * as events from "#/features/analytics/events/routes.tsx";
import * as explore from "#/features/analytics/explore/routes.tsx";
import * as sql from "#/features/analytics/sql_console/routes.tsx";
import * as ledger from "#/features/budget/ledger/routes.tsx";
import * as companies from "#/features/people/companies/routes.tsx";
import * as deals from "#/features/people/deals/routes.tsx";
import * as imports from "#/features/people/imports/routes.tsx";
import * as profiles from "#/features/people/profiles/routes.tsx";
import * as accounts from "#/features/platform/accounts/routes.tsx";
import * as audit from "#/features/platform/audit/routes.tsx";
import * as jobs from "#/features/platform/jobs/routes.tsx";
import type { Place } from "./places.ts";
import { nowhereRoute, rootRoute, shellRoute } from "./root-route.tsx";

// One line a feature: its routes here, its places below. The order of the places is the order of the rail.

/** All pages. */
export const routeTree = rootRoute.addChildren([
  ...accounts.outsideRoutes,
  shellRoute.addChildren([
    ...dashboards.routes,
    ...profiles.routes,
    ...companies.routes,
    ...deals.routes,
    ...imports.routes,
    ...attribution.routes,
    ...events.routes,
    ...channels.routes,
    ...explore.routes,
    ...sql.routes,
    ...ledger.routes,
    ...accounts.routes,
    ...channelRules.routes,
    ...jobs.routes,
    ...audit.routes,
    nowhereRoute,
  ]),
]);

/** Where the rail and the palette lead. */
export const places: readonly Place[] = [
  ...dashboards.places,
  ...profiles.places,
  ...companies.places,
  ...deals.places,
  ...imports.places,
  ...explore.places,
  ...attribution.places,
  ...events.places,
  ...channels.places,
  ...sql.places,
  ...ledger.places,
  ...accounts.places,
  ...channelRules.places,
  ...jobs.places,
  ...audit.places,
];
