import { createRoute, lazyRouteComponent, redirect } from "@tanstack/react-router";
import { KeyRound, Settings, Users } from "lucide-react";
import type { Place } from "#/app/places.ts";
import { rootRoute, shellRoute } from "#/app/root-route.tsx";
import { compact, text } from "#/lib/search.ts";
import { setupQuery } from "./queries.ts";

const signInRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/sign-in",
  validateSearch: (search: Record<string, unknown>): { next?: string } => compact({ next: text(search, "next") }),
  beforeLoad: async ({ context }) => {
    const setup = await context.queries.fetchQuery(setupQuery).catch(() => undefined);
    if (setup?.needed) throw redirect({ to: "/welcome", replace: true });
  },
  component: lazyRouteComponent(() => import("./sign-in-page.tsx"), "SignInPage"),
});

const welcomeRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/welcome",
  beforeLoad: async ({ context }) => {
    const setup = await context.queries.fetchQuery(setupQuery);
    if (!setup.needed) throw redirect({ to: "/", replace: true });
  },
  component: lazyRouteComponent(() => import("./welcome-page.tsx"), "WelcomePage"),
});

const newPasswordRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/new-password",
  component: lazyRouteComponent(() => import("./new-password-page.tsx"), "NewPasswordPage"),
});

const settingsRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/settings",
  validateSearch: (search: Record<string, unknown>): { create?: true } =>
    compact({ create: search.create ? true : undefined }),
  component: lazyRouteComponent(() => import("./workspace-page.tsx"), "WorkspacePage"),
});

const membersRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/settings/members",
  component: lazyRouteComponent(() => import("./members-page.tsx"), "MembersPage"),
});

const keysRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/settings/keys",
  validateSearch: (search: Record<string, unknown>): { create?: true } =>
    compact({ create: search.create ? true : undefined }),
  component: lazyRouteComponent(() => import("./keys-page.tsx"), "KeysPage"),
});

/** Pages for somebody who is not signed in. */
export const outsideRoutes = [signInRoute, welcomeRoute, newPasswordRoute] as const;

/** Pages of the settings. */
export const routes = [settingsRoute, membersRoute, keysRoute] as const;

/** Where the rail and the palette lead. */
export const places: Place[] = [
  {
    area: "Settings",
    label: "Settings",
    to: "/settings",
    icon: Settings,
    words: "workspace currency time zone",
    key: ",",
  },
  {
    area: "Settings",
    label: "Members",
    to: "/settings/members",
    icon: Users,
    words: "users roles team invite",
    hidden: true,
  },
  {
    area: "Settings",
    label: "Keys",
    to: "/settings/keys",
    icon: KeyRound,
    permission: "keys.read",
    words: "write key api key token",
    hidden: true,
  },
];
