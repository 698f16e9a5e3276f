/** Reads the search part of an address: every filter lives there, and a broken one falls back quietly. */

type Raw = Record<string, unknown>;

/** A text, or undefined when absent or empty. */
export function text(search: Raw, key: string): string | undefined {
  const value = search[key];
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** One of a closed list, or undefined. */
export function oneOf<const Option extends string>(
  search: Raw,
  key: string,
  options: readonly Option[],
): Option | undefined {
  const value = text(search, key);
  return options.find((option) => option === value);
}

/** A moment, or undefined. */
export function moment(search: Raw, key: string): string | undefined {
  const value = text(search, key);
  return value !== undefined && !Number.isNaN(Date.parse(value)) ? value : undefined;
}

/** A whole number within bounds, or undefined. */
export function integer(search: Raw, key: string, least: number, most: number): number | undefined {
  const value = Number(search[key]);
  return search[key] !== undefined && Number.isInteger(value) && value >= least && value <= most ? value : undefined;
}

/** A list of texts, written `a,b,c`. */
export function list(search: Raw, key: string): string[] | undefined {
  const value = search[key];
  const items = Array.isArray(value) ? value.map(String) : (text(search, key)?.split(",") ?? []);
  const kept = items.filter((item) => item !== "");
  return kept.length > 0 ? kept : undefined;
}

/** Drops what is empty, so that addresses stay short. */
export function compact<Search extends Raw>(search: Search): Search {
  return Object.fromEntries(
    Object.entries(search).filter(([, value]) => value !== undefined && value !== ""),
  ) as Search;
}

/** A value as it is written into an address; a list is written `a,b,c`. */
export function searchText(value: unknown): string {
  return Array.isArray(value) ? value.join(",") : String(value);
}
