/**
 * The write key of a workspace that was just made, kept in this tab until the first event is in, so that loading the
 * page again does not lose it. Only write keys: they may stand in a web page anyway.
 */

/** A key and its secret. */
export interface FreshKey {
  id: string;
  secret: string;
}

const NAME = "mainspring.fresh-key";

/** Keeps the key for the connect page. */
export function keepFreshKey(workspace: string, key: FreshKey): void {
  try {
    sessionStorage.setItem(NAME, JSON.stringify({ workspace, ...key }));
  } catch {
    // Closed storage: the page shows the key until it is left.
  }
}

/** The kept key of a workspace. */
export function freshKey(workspace: string): FreshKey | undefined {
  try {
    const kept: unknown = JSON.parse(sessionStorage.getItem(NAME) ?? "null");
    if (typeof kept !== "object" || kept === null) return undefined;
    const { workspace: owner, id, secret } = kept as Record<string, unknown>;
    return owner === workspace && typeof id === "string" && typeof secret === "string" ? { id, secret } : undefined;
  } catch {
    return undefined;
  }
}

/** Forgets the key. */
export function dropFreshKey(): void {
  try {
    sessionStorage.removeItem(NAME);
  } catch {
    // Nothing was kept.
  }
}
