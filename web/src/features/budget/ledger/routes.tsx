import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { WalletCards } from "lucide-react";
import type { Place } from "#/app/places.ts";
import { shellRoute } from "#/app/root-route.tsx";
import { isDate } from "#/lib/dates.ts";
import { compact, oneOf, text } from "#/lib/search.ts";
import { type LedgerSearch, VIEWS } from "./queries.ts";

const ledgerRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/ledger",
  validateSearch: (search: Record<string, unknown>): LedgerSearch => {
    const month = text(search, "month");
    const day = (key: string) => [text(search, key) ?? ""].find(isDate);
    return compact({
      view: oneOf(search, "view", VIEWS),
      month: month && /^\d{4}-\d{2}$/.test(month) ? month : undefined,
      q: text(search, "q"),
      channel: text(search, "channel"),
      from: day("from"),
      to: day("to"),
    });
  },
  component: lazyRouteComponent(() => import("./ledger-page.tsx"), "LedgerPage"),
});

/** The page of this feature. */
export const routes = [ledgerRoute] as const;

/** Where the rail and the palette lead. */
export const places: Place[] = [
  {
    area: "Budget",
    label: "Ledger",
    to: "/ledger",
    icon: WalletCards,
    permission: "ledger.read",
    words: "spend plan actual rates currency cost",
    key: "l",
  },
];
