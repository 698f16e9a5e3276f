import { useQuery } from "@tanstack/react-query";
import { number } from "#/lib/format.ts";
import { Badge } from "#/ui/badge.tsx";
import { DataTable } from "#/ui/data-table.tsx";
import { ProblemView } from "#/ui/problem-view.tsx";
import { Section } from "#/ui/section.tsx";
import type { Column } from "#/ui/table-model.ts";
import { type PropertyUse, propertiesQuery } from "./queries.ts";

const COLUMNS: Column<PropertyUse>[] = [
  {
    id: "name",
    header: "Property",
    value: (property) => property.name,
    cell: (property) => <code>{property.name}</code>,
  },
  {
    id: "uses",
    header: "Questions in 90 days",
    width: 200,
    align: "right",
    value: (property) => property.uses,
    cell: (property) => number(property.uses),
  },
  {
    id: "kept",
    header: "Stored as a column",
    width: 200,
    value: (property) => (property.kept ? 1 : 0),
    cell: (property) => (property.kept ? <Badge tone="accent">Yes</Badge> : "No"),
  },
];

/** Which properties of events questions ask for: a part of the settings of a workspace. */
export function KeptProperties() {
  const properties = useQuery(propertiesQuery);
  return (
    <Section
      title="Properties of events"
      text="The ones that questions ask for most are stored as columns of their own, which makes those questions faster. It is decided by use, at most once a week."
    >
      {properties.error ? (
        <ProblemView
          title="They could not be loaded"
          error={properties.error}
          onRetry={() => void properties.refetch()}
        />
      ) : (
        <DataTable
          name="properties"
          one="property"
          rows={properties.data?.properties ?? []}
          columns={COLUMNS}
          rowId={(property) => property.name}
          loading={properties.isPending}
          empty={<p>No question has asked for a property yet. Conditions on properties in Explore count.</p>}
        />
      )}
    </Section>
  );
}
