import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { Split } from "lucide-react";
import type { Place } from "#/app/places.ts";
import { shellRoute } from "#/app/root-route.tsx";
import { compact, text } from "#/lib/search.ts";

interface ChannelSearch {
  url?: string | undefined;
  referrer?: string | undefined;
}

const channelsRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/channels",
  validateSearch: (search: Record<string, unknown>): ChannelSearch =>
    compact({ url: text(search, "url"), referrer: text(search, "referrer") }),
  component: lazyRouteComponent(() => import("./channels-page.tsx"), "ChannelsPage"),
});

/** The page of this feature. */
export const routes = [channelsRoute] as const;

/** Where the palette leads. */
export const places: Place[] = [
  {
    area: "Analytics",
    label: "Explain a channel",
    to: "/channels",
    icon: Split,
    permission: "metrics.read",
    words: "utm source medium rule link",
    hidden: true,
  },
];
