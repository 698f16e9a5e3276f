import { DataTable } from "./data-table.tsx";
import { Moment } from "./moment.tsx";
import type { Column } from "./table-model.ts";

/** A value of a record, with where it came from. */
export interface Property {
  name: string;
  value: unknown;
  at: string;
  source: string;
}

const COLUMNS: Column<Property>[] = [
  { id: "name", header: "Value of", width: 200, value: (row) => row.name },
  {
    id: "value",
    header: "Value",
    value: (row) => (typeof row.value === "string" ? row.value : JSON.stringify(row.value)),
  },
  { id: "at", header: "Stated", width: 130, value: (row) => row.at, cell: (row) => <Moment at={row.at} look="day" /> },
  { id: "source", header: "From", width: 260, value: (row) => row.source, cell: (row) => <code>{row.source}</code> },
];

/** The values of a record; each says when it was stated and by what. */
export function PropertyTable({ of, properties }: { of: string; properties: readonly Property[] }) {
  return (
    <DataTable name={`values of ${of}`} one="value" rows={properties} columns={COLUMNS} rowId={(row) => row.name} />
  );
}
