import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { ScrollText } from "lucide-react";
import type { Place } from "#/app/places.ts";
import { shellRoute } from "#/app/root-route.tsx";
import { compact, text } from "#/lib/search.ts";

const auditRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/settings/audit",
  validateSearch: (search: Record<string, unknown>): { entry?: string } => compact({ entry: text(search, "entry") }),
  component: lazyRouteComponent(() => import("./audit-page.tsx"), "AuditPage"),
});

/** The page of this feature. */
export const routes = [auditRoute] as const;

/** Where the palette leads. */
export const places: Place[] = [
  {
    area: "Settings",
    label: "Audit",
    to: "/settings/audit",
    icon: ScrollText,
    permission: "audit.read",
    words: "trail history who changed",
    hidden: true,
  },
];
