import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { Plug, Radio } from "lucide-react";
import type { Place } from "#/app/places.ts";
import { shellRoute } from "#/app/root-route.tsx";
import { compact, oneOf, text } from "#/lib/search.ts";
import { FATES, type FateFilter } from "./queries.ts";

/** The view and the filters of the live page, and the event whose drawer is open. */
interface LiveSearch extends FateFilter {
  view?: "quarantine" | undefined;
  /** The code of a reason, in the quarantine. */
  code?: string | undefined;
  open?: string | undefined;
}

const liveRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/events",
  validateSearch: (search: Record<string, unknown>): LiveSearch =>
    compact({
      view: oneOf(search, "view", ["quarantine"]),
      code: text(search, "code"),
      status: oneOf(search, "status", FATES),
      person: text(search, "person"),
      name: text(search, "name"),
      key: text(search, "key"),
      open: text(search, "open"),
    }),
  component: lazyRouteComponent(() => import("./live-page.tsx"), "LivePage"),
});

const connectRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/connect",
  component: lazyRouteComponent(() => import("./connect-page.tsx"), "ConnectPage"),
});

/** The pages of this feature. */
export const routes = [liveRoute, connectRoute] as const;

/** Where the rail and the palette lead. */
export const places: Place[] = [
  {
    area: "Analytics",
    label: "Live events",
    to: "/events",
    icon: Radio,
    permission: "events.read",
    words: "stream debugger rejected quarantine",
    key: "e",
  },
  {
    area: "Analytics",
    label: "Connect a source",
    to: "/connect",
    icon: Plug,
    permission: "events.read",
    words: "snippet sdk segment write key install website node python curl",
    hidden: true,
  },
];
