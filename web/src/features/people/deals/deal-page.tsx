import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { SourceLink } from "#/app/record-links.tsx";
import { PropertyTable } from "#/features/people/property-table.tsx";
import { money } from "#/lib/format.ts";
import { Badge } from "#/ui/badge.tsx";
import { buttonClass } from "#/ui/button.tsx";
import { DataTable } from "#/ui/data-table.tsx";
import { KeyFacts } from "#/ui/key-facts.tsx";
import { Moment } from "#/ui/moment.tsx";
import { Page } from "#/ui/page.tsx";
import { RecordWaiting } from "#/ui/record-waiting.tsx";
import { Section } from "#/ui/section.tsx";
import type { Column } from "#/ui/table-model.ts";
import { type Deal, dealQuery } from "./queries.ts";

const route = getRouteApi("/shell/deals/$id");

type Part = Deal["people"][number];
type Entry = Deal["stages"][number];

const PEOPLE: Column<Part>[] = [
  {
    id: "name",
    header: "Person",
    value: (row) => row.name || row.email || row.person,
    cell: (row) => (
      <Link to="/people/$id" params={{ id: row.person }}>
        {row.name || row.email || row.person}
      </Link>
    ),
  },
  { id: "role", header: "Role", width: 200, value: (row) => row.role, cell: (row) => row.role || "not stated" },
  { id: "primary", header: "Main contact", width: 130, value: (row) => (row.primary ? "yes" : "") },
  {
    id: "source",
    header: "From",
    width: 260,
    value: (row) => row.source,
    cell: (row) => <SourceLink source={row.source} />,
  },
];

const STAGES: Column<Entry>[] = [
  { id: "name", header: "Stage", value: (row) => row.name },
  {
    id: "entered",
    header: "Entered",
    width: 190,
    value: (row) => row.entered_at,
    cell: (row) => <Moment at={row.entered_at} />,
  },
  {
    id: "left",
    header: "Left",
    width: 190,
    value: (row) => row.left_at ?? "",
    cell: (row) => (row.left_at ? <Moment at={row.left_at} /> : "still in it"),
  },
  {
    id: "source",
    header: "From",
    width: 260,
    value: (row) => row.source,
    cell: (row) => <SourceLink source={row.source} />,
  },
];

/** One deal: who takes part, the stages it went through, and where each fact came from. */
export function DealPage() {
  const { id } = route.useParams();
  const deal = useQuery(dealQuery(id));
  const crumb = <Link to="/deals">Deals</Link>;
  if (!deal.data) return <RecordWaiting title="Deal" crumb={crumb} query={deal} />;
  const one = deal.data;
  return (
    <Page
      title={one.name}
      crumb={crumb}
      state={<Badge>{one.outcome}</Badge>}
      actions={
        <Link to="/attribution/deals/$id" params={{ id: one.id }} className={buttonClass("primary")}>
          Show touches and credit
        </Link>
      }
    >
      <KeyFacts
        facts={[
          { name: "Amount", value: one.amount ? money(one.amount) : "unknown" },
          {
            name: "Company",
            value: one.company ? (
              <Link to="/companies/$id" params={{ id: one.company }}>
                {one.company_name}
              </Link>
            ) : (
              one.company_name
            ),
          },
          { name: "Stage", value: one.stage_name },
          { name: "Created", value: <Moment at={one.created_at} look="day" /> },
          {
            name: one.outcome === "open" ? "Expected to close" : "Closed",
            value: one.closed_at ? <Moment at={one.closed_at} look="day" /> : "",
          },
          { name: "Owner", value: one.owner },
          { name: "Reason", value: one.reason },
          { name: "Came from", value: <SourceLink source={one.origin} /> },
        ]}
      />
      <Section
        title="Who takes part"
        text={one.people.length === 0 ? "No contact role is known; the company's people stand in for it." : undefined}
      >
        {one.people.length > 0 ? (
          <DataTable
            name="people of the deal"
            one="person"
            rows={one.people}
            columns={PEOPLE}
            rowId={(row) => row.person}
          />
        ) : null}
      </Section>
      <Section title="Stages">
        <DataTable
          name="stages of the deal"
          one="stage"
          rows={one.stages}
          columns={STAGES}
          rowId={(row) => `${row.stage} ${row.entered_at}`}
        />
      </Section>
      <Section title="Values">
        <PropertyTable of="the deal" properties={one.properties} />
      </Section>
    </Page>
  );
}
