import { currentWorkspace } from "#/app/workspace.ts";
import { type ApiProblem, problemOf } from "./problem.ts";

const BASE = "/api/v1";

/** A value that may stand in an address. */
export type QueryValue = string | number | boolean | null | undefined;

export interface RequestOptions {
  query?: Record<string, QueryValue> | undefined;
  body?: unknown;
  signal?: AbortSignal | undefined;
  /** Asks for no workspace: the one of the address may be none of the user's. */
  outside?: boolean;
}

const leaving = new Set<() => void>();

/** Calls back when the server says that nobody is signed in any more. */
export function onSignedOut(listener: () => void): () => void {
  leaving.add(listener);
  return () => leaving.delete(listener);
}

/** The headers that name the workspace and show that this is the app itself (against forged requests). */
export function clientHeaders(outside = false): Record<string, string> {
  const workspace = outside ? undefined : currentWorkspace();
  return { "Mainspring-Client": "web", ...(workspace ? { "Mainspring-Workspace": workspace } : {}) };
}

/** The address of an endpoint; for links and streams, which cannot send a header, with the workspace in it. */
export function apiUrl(path: string, query: Record<string, QueryValue> = {}): string {
  return address(path, { ...query, workspace: currentWorkspace() });
}

function address(path: string, query: Record<string, QueryValue> = {}): string {
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) {
    if (value !== undefined && value !== null && value !== "") search.set(key, String(value));
  }
  const text = search.toString();
  return BASE + path + (text ? `?${text}` : "");
}

/** One request. A failure is thrown as an ApiProblem. */
export async function request<Answer>(method: string, path: string, options: RequestOptions = {}): Promise<Answer> {
  const { query, body, signal, outside } = options;
  const response = await fetch(address(path, query), {
    method,
    headers: { ...clientHeaders(outside), ...(body === undefined ? {} : { "Content-Type": "application/json" }) },
    body: body === undefined ? undefined : JSON.stringify(body),
    signal,
  });
  if (!response.ok) throw await failed(response);
  const text = await response.text();
  return (text === "" ? undefined : JSON.parse(text)) as Answer;
}

/** The problem of an answer; a lost session is announced. */
export async function failed(response: Response): Promise<ApiProblem> {
  const problem = await problemOf(response);
  if (problem.status === 401) for (const listener of leaving) listener();
  return problem;
}

/** The verbs. */
export const api = {
  get: <Answer>(path: string, query?: Record<string, QueryValue>, signal?: AbortSignal) =>
    request<Answer>("GET", path, { query, signal }),
  post: <Answer>(path: string, body?: unknown, signal?: AbortSignal) =>
    request<Answer>("POST", path, { body: body ?? {}, signal }),
  put: <Answer>(path: string, body: unknown) => request<Answer>("PUT", path, { body }),
  patch: <Answer>(path: string, body: unknown) => request<Answer>("PATCH", path, { body }),
  delete: <Answer>(path: string) => request<Answer>("DELETE", path),
};
