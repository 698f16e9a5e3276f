import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { Hammer } from "lucide-react";
import type { Place } from "#/app/places.ts";
import { shellRoute } from "#/app/root-route.tsx";
import { compact, oneOf } from "#/lib/search.ts";
import { JOB_STATES, type JobState } from "./queries.ts";

const jobsRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/settings/jobs",
  validateSearch: (search: Record<string, unknown>): { state?: JobState } =>
    compact({ state: oneOf(search, "state", JOB_STATES) }),
  component: lazyRouteComponent(() => import("./jobs-page.tsx"), "JobsPage"),
});

/** The page of this feature. */
export const routes = [jobsRoute] as const;

/** Where the palette leads. */
export const places: Place[] = [
  {
    area: "Settings",
    label: "Jobs",
    to: "/settings/jobs",
    icon: Hammer,
    permission: "jobs.read",
    words: "background queue progress",
    hidden: true,
  },
];
