/** One import: what was found, what it becomes, what would change, and what changed. */
export function ImportPage() {
  return null;
}
