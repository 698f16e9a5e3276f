import type { ReactNode } from "react";
import type { CsvCell } from "#/lib/csv.ts";

/** A column of a table. */
export interface Column<Row> {
  id: string;
  header: string;
  /** The plain value: what is sorted and exported. */
  value: (row: Row) => CsvCell;
  /** For amounts: the currency of each. Amounts of two currencies are never compared, and the export names it. */
  currency?: (row: Row) => string | undefined;
  /** How it is shown; the value as text when absent. */
  cell?: (row: Row) => ReactNode;
  /** How it is shown in the last line, which sums up; as everywhere when absent. */
  foot?: (row: Row) => ReactNode;
  /** Numbers stand right. */
  align?: "left" | "right";
  /** In pixels; columns without one share what is left, at least `GROWING_WIDTH` each. */
  width?: number;
  /** The least width of a column without one, where `GROWING_WIDTH` cuts most of it off. */
  widthLeast?: number;
  /** Says what the column means, on hover and focus of its head. */
  hint?: string;
  sortable?: boolean;
  /** Holds buttons, no data: its header is spoken only, and it is neither exported nor a choice. */
  tools?: boolean;
  /** Left out until the user asks for it. */
  hidden?: boolean;
}

/** The least width of a column that grows. */
export const GROWING_WIDTH = 160;

/** The order of a table, as it stands in the address: `amount` or `-amount`. */
export interface Sort {
  id: string;
  descending: boolean;
}

/** Reads an order from the address. */
export function parseSort(text: string | undefined): Sort | undefined {
  if (!text) return undefined;
  return text.startsWith("-") ? { id: text.slice(1), descending: true } : { id: text, descending: false };
}

/** Writes an order for the address. */
export function sortText(sort: Sort | undefined): string | undefined {
  return sort && (sort.descending ? `-${sort.id}` : sort.id);
}

const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });

/** Orders two values: numbers as numbers, texts as people expect. */
export function compareValues(a: CsvCell, b: CsvCell): number {
  if (typeof a === "number" && typeof b === "number") return a - b;
  return collator.compare(String(a ?? ""), String(b ?? ""));
}

/** Orders two rows by a column; amounts stand together by their currency first. */
export function compareRows<Row>(column: Column<Row>, a: Row, b: Row): number {
  const { currency, value } = column;
  const apart = currency ? collator.compare(currency(a) ?? "", currency(b) ?? "") : 0;
  return apart === 0 ? compareValues(value(a), value(b)) : apart;
}

/** The header and the cells of columns as a file holds them: an amount is followed by its currency. */
export function exported<Row>(columns: readonly Column<Row>[], rows: readonly Row[]) {
  return {
    header: columns.flatMap(({ header, currency }) => (currency ? [header, `${header} currency`] : [header])),
    body: rows.map((row) =>
      columns.flatMap(({ value, currency }) => (currency ? [value(row), currency(row)] : [value(row)])),
    ),
  };
}

/** Whether a value counts as missing, which always stands last. */
export function isMissing(value: CsvCell): boolean {
  return value === null || value === undefined || value === "";
}
