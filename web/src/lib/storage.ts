/** What this browser remembers. Storage may be closed; then nothing is remembered and nothing fails. */

const PREFIX = "mainspring.";

/** Reads a remembered text. */
export function recall(key: string): string | null {
  try {
    return localStorage.getItem(PREFIX + key);
  } catch {
    return null;
  }
}

/** Remembers a text; `null` forgets it. */
export function remember(key: string, value: string | null): void {
  try {
    if (value === null) localStorage.removeItem(PREFIX + key);
    else localStorage.setItem(PREFIX + key, value);
  } catch {
    // Closed storage: the choice lasts as long as the page.
  }
}
