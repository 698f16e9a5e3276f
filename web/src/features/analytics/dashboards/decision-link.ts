import type { Home } from "./queries.ts";

/** Where a decision of the server leads, as a page of this app. */
export interface DecisionLink {
  to: string;
  search: Record<string, string>;
}

// The server names a page by its area and its slice; the app's own addresses leave the area out.
const PAGES: Record<string, string> = {
  "/analytics/attribution": "/attribution",
  "/analytics/events": "/events",
  "/budget/ledger": "/ledger",
  "/people/imports": "/imports",
};

/** What Home was asked, as far as other pages can be asked the same. */
export type Asked = Pick<Home, "range" | "model" | "query">;

/** The page behind a path such as `/budget/ledger?view=unmatched`, asked for what Home was asked for. */
export function decisionLink(path: string, home: Asked): DecisionLink {
  const url = new URL(path, "http://app");
  const search = Object.fromEntries(url.searchParams);
  if (url.pathname === "/analytics/attribution") return { to: "/attribution", search: { ...asked(home), ...search } };
  return { to: PAGES[url.pathname] ?? url.pathname, search };
}

function asked({ range, model, query }: Asked): Record<string, string> {
  const { lookback_days, journey } = query;
  return {
    from: range.from,
    to: range.to,
    models: model,
    ...(lookback_days ? { lookback: String(lookback_days) } : {}),
    ...(journey ? { journey } : {}),
  };
}
