import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { Split } from "lucide-react";
import type { Place } from "#/app/places.ts";
import { shellRoute } from "#/app/root-route.tsx";

const rulesRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/settings/channel-rules",
  component: lazyRouteComponent(() => import("./rules-page.tsx"), "ChannelRulesPage"),
});

/** The page of this feature. */
export const routes = [rulesRoute] as const;

/** Where the palette leads. */
export const places: Place[] = [
  {
    area: "Settings",
    label: "Channel rules",
    to: "/settings/channel-rules",
    icon: Split,
    permission: "metrics.read",
    words: "channel group source medium bot visitor user agent version history",
    hidden: true,
  },
];
