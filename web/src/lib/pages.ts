/** One page of a list, as the server sends it. */
export interface Page<Row> {
  items: Row[];
  /** Given back as `cursor` for the next page; absent on the last one. */
  next_cursor?: string | null;
  /** How many rows match in all, where that is cheap to know. */
  total?: number | null;
}

/** All rows of the pages that were fetched so far. */
export function rowsOf<Row>(pages: { pages: Page<Row>[] } | undefined): Row[] {
  return pages?.pages.flatMap((page) => page.items) ?? [];
}

/** The cursor of the page after the last one; undefined when there is none. */
export function nextCursor<Row>(last: Page<Row>): string | undefined {
  return last.next_cursor ?? undefined;
}
