/** Which workspace this tab looks at. It stands in the address (`/w/acme/people`), so that a copied link is complete. */

const PREFIX = /^\/w\/([a-z0-9][a-z0-9-]{0,39})(?=\/|$)/;

let workspace: string | undefined;

/** The short name of the workspace, once it is known. */
export function currentWorkspace(): string | undefined {
  return workspace;
}

/** Makes a workspace the one of this tab. */
export function enterWorkspace(slug: string | undefined): void {
  workspace = slug;
}

/** Takes the workspace out of an address on the way in. */
export function stripWorkspace(url: URL): URL {
  const found = PREFIX.exec(url.pathname);
  if (found) {
    workspace = found[1];
    url.pathname = url.pathname.slice(found[0].length) || "/";
  }
  return url;
}

/** Puts the workspace into an address on the way out. Sign-in and first-run belong to no workspace. */
export function addWorkspace(url: URL): URL {
  if (workspace && !PREFIX.test(url.pathname) && !OUTSIDE.has(url.pathname)) {
    url.pathname = `/w/${workspace}${url.pathname === "/" ? "" : url.pathname}`;
  }
  return url;
}

/** Pages that belong to no workspace. */
const OUTSIDE = new Set(["/sign-in", "/welcome", "/new-password"]);
