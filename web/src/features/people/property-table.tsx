import { SourceLink } from "#/app/record-links.tsx";
import { DataTable } from "#/ui/data-table.tsx";
import { type Json, JsonTree } from "#/ui/json-tree.tsx";
import { Moment } from "#/ui/moment.tsx";
import type { Column } from "#/ui/table-model.ts";

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
    cell: (row) => <Value value={row.value as Json} />,
  },
  { id: "at", header: "Stated", width: 130, value: (row) => row.at, cell: (row) => <Moment at={row.at} look="day" /> },
  {
    id: "source",
    header: "From",
    width: 260,
    value: (row) => row.source,
    cell: (row) => <SourceLink source={row.source} />,
  },
];

function Value({ value }: { value: Json }) {
  if (typeof value === "object" && value !== null) return <JsonTree value={value} />;
  if (value === null || value === "") return "–";
  return <span title={String(value)}>{String(value)}</span>;
}

/** The values of a record; each says when it was stated and by what. */
export function PropertyTable({ of, properties }: { of: string; properties: readonly Property[] }) {
  return (
    <DataTable name={`values of ${of}`} one="value" rows={properties} columns={COLUMNS} rowId={(row) => row.name} />
  );
}
