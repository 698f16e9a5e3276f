import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { Settings } from "lucide-react";
import type { Place } from "#/app/places.ts";
import { rootRoute, shellRoute } from "#/app/root-route.tsx";
import { compact, text } from "#/lib/search.ts";

const signInRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/sign-in",
  validateSearch: (search: Record<string, unknown>): { next?: string } => compact({ next: text(search, "next") }),
  component: lazyRouteComponent(() => import("./sign-in-page.tsx"), "SignInPage"),
});

const settingsRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/settings",
  validateSearch: (search: Record<string, unknown>): { create?: true } =>
    compact({ create: search.create ? true : undefined }),
  component: lazyRouteComponent(() => import("./workspace-page.tsx"), "WorkspacePage"),
});

/** Pages for somebody who is not signed in. */
export const outsideRoutes = [signInRoute] as const;

/** Pages of the settings. */
export const routes = [settingsRoute] as const;

/** Where the rail and the palette lead. */
export const places: Place[] = [
  { area: "Settings", label: "Workspace", to: "/settings", icon: Settings, words: "currency time zone name", key: "," },
];
