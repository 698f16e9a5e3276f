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

/** The page behind a path such as `/budget/ledger?view=unmatched`. */
export function decisionLink(path: string): DecisionLink {
  const url = new URL(path, "http://app");
  const search = Object.fromEntries(url.searchParams);
  // The quarantine is the live page narrowed to what was refused.
  if (url.pathname === "/analytics/events" && search.view === "quarantine")
    return { to: "/events", search: { status: "rejected" } };
  return { to: PAGES[url.pathname] ?? url.pathname, search };
}
