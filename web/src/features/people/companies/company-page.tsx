import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { SourceLink } from "#/app/record-links.tsx";
import { PropertyTable } from "#/features/people/property-table.tsx";
import { counted, money } from "#/lib/format.ts";
import { Badge } from "#/ui/badge.tsx";
import { DataTable } from "#/ui/data-table.tsx";
import { KeyFacts } from "#/ui/key-facts.tsx";
import { Moment } from "#/ui/moment.tsx";
import { Page } from "#/ui/page.tsx";
import { RecordWaiting } from "#/ui/record-waiting.tsx";
import { Section } from "#/ui/section.tsx";
import type { Column } from "#/ui/table-model.ts";
import { type Company, companyQuery, type Member } from "./queries.ts";

const route = getRouteApi("/shell/companies/$id");

const HOW: Record<Member["source"], string> = {
  domain: "e-mail domain",
  import: "import",
  group: "group call",
  manual: "set by hand",
};

const MEMBERS: Column<Member>[] = [
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
  { id: "email", header: "E-mail", value: (row) => row.email },
  { id: "role", header: "Role", width: 160, value: (row) => row.role },
  {
    id: "since",
    header: "Since",
    width: 120,
    value: (row) => row.since,
    cell: (row) => <Moment at={row.since} look="day" />,
  },
  { id: "source", header: "Known by", width: 130, value: (row) => HOW[row.source] ?? row.source },
];

type CompanyDeal = Company["company_deals"][number];

const DEALS: Column<CompanyDeal>[] = [
  {
    id: "name",
    header: "Deal",
    value: (row) => row.name,
    cell: (row) => (
      <Link to="/deals/$id" params={{ id: row.id }}>
        {row.name}
      </Link>
    ),
  },
  { id: "stage", header: "Stage", width: 180, value: (row) => row.stage },
  {
    id: "outcome",
    header: "State",
    width: 90,
    value: (row) => row.outcome,
    cell: (row) => <Badge>{row.outcome}</Badge>,
  },
  {
    id: "amount",
    header: "Amount",
    align: "right",
    width: 140,
    value: (row) => (row.amount ? Number(row.amount.amount) : undefined),
    currency: (row) => row.amount?.currency,
    cell: (row) => (row.amount ? money(row.amount) : "unknown"),
  },
];

/** One company: its people, its deals, and where each fact came from. */
export function CompanyPage() {
  const { id } = route.useParams();
  const company = useQuery(companyQuery(id));
  const crumb = <Link to="/companies">Companies</Link>;
  if (!company.data) return <RecordWaiting title="Company" crumb={crumb} query={company} />;
  const one = company.data;
  return (
    <Page title={one.name} crumb={crumb}>
      <KeyFacts
        facts={[
          { name: "Domain", value: one.domain },
          { name: "Industry", value: one.industry },
          { name: "Country", value: one.country },
          { name: "Known since", value: <Moment at={one.created_at} look="day" /> },
          { name: "First learned from", value: <SourceLink source={one.origin} /> },
        ]}
      />
      <Section title="People" text={one.members.length === 0 ? "Nobody of this company is known yet." : undefined}>
        {one.members.length > 0 ? (
          <DataTable
            name="people of the company"
            one="person"
            rows={one.members}
            columns={MEMBERS}
            rowId={(row) => row.person}
          />
        ) : null}
      </Section>
      <Section title="Deals" text={one.company_deals.length === 0 ? "No deal with this company is known." : undefined}>
        {one.company_deals.length > 0 ? (
          <DataTable
            name="deals of the company"
            one="deal"
            rows={one.company_deals}
            columns={DEALS}
            rowId={(row) => row.id}
          />
        ) : null}
      </Section>
      <Section title="Values" text={`${counted(one.properties.length, "value")}, each with where it came from.`}>
        {one.properties.length > 0 ? <PropertyTable of="the company" properties={one.properties} /> : null}
      </Section>
      <Section title="Known as" text="The keys by which files and events find this company.">
        <KeyFacts facts={one.keys.map((key) => ({ name: key.kind, value: <code>{key.value}</code> }))} />
      </Section>
    </Page>
  );
}
