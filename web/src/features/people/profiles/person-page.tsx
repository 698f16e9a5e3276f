import { useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { ApiProblem } from "#/api/problem.ts";
import { ErasePerson } from "#/features/people/erasure/erase-person.tsx";
import { ErasureBadge, ErasureView } from "#/features/people/erasure/erasure-view.tsx";
import { erasureQuery } from "#/features/people/erasure/queries.ts";
import { PropertyTable } from "#/features/people/property-table.tsx";
import { Badge } from "#/ui/badge.tsx";
import { KeyFacts } from "#/ui/key-facts.tsx";
import { Moment } from "#/ui/moment.tsx";
import { Page } from "#/ui/page.tsx";
import { RecordWaiting } from "#/ui/record-waiting.tsx";
import { Tabs } from "#/ui/tabs.tsx";
import { TimeAgo } from "#/ui/time-ago.tsx";
import { IdentityView } from "./identity-view.tsx";
import { personLabel } from "./people-page.tsx";
import styles from "./person-page.module.css";
import { type Person, personQuery } from "./queries.ts";
import { Timeline } from "./timeline.tsx";

const route = getRouteApi("/shell/people/$id");

/** One person: who they are, what they did, and why we think all of that is one person. */
export function PersonPage() {
  const { id } = route.useParams();
  // Once somebody is being erased there is no person to ask for.
  const asked = useQueryClient().getQueryData(erasureQuery(id).queryKey) !== undefined;
  const person = useQuery({ ...personQuery(id), enabled: !asked });
  const isGone = person.error instanceof ApiProblem && person.error.code === "person_not_found";
  const erasure = useQuery({ ...erasureQuery(id), enabled: isGone || asked });
  const crumb = <Link to="/people">People</Link>;
  if (erasure.data) {
    return (
      <Page title="Erased person" crumb={crumb} state={<ErasureBadge erasure={erasure.data} />}>
        <ErasureView erasure={erasure.data} />
      </Page>
    );
  }
  if (!person.data) return <RecordWaiting title="Person" crumb={crumb} query={person} />;
  return <Loaded person={person.data} />;
}

function Loaded({ person }: { person: Person }) {
  const { tab } = route.useSearch();
  const navigate = route.useNavigate();
  return (
    <Page
      title={personLabel(person)}
      crumb={<Link to="/people">People</Link>}
      actions={
        <ErasePerson
          id={person.id}
          label={personLabel(person)}
          keys={person.identifiers.edges.length}
          companies={person.places.length}
          deals={person.deals.length}
        />
      }
      state={<Badge tone={person.known ? "accent" : "neutral"}>{person.known ? "known" : "anonymous"}</Badge>}
    >
      {person.merged_from ? (
        <p className={styles.muted}>
          <code>{person.merged_from}</code> and this person are one; both links lead here.
        </p>
      ) : null}
      <Facts person={person} />
      <Tabs
        label="Person"
        value={tab ?? "timeline"}
        onChange={(next) => void navigate({ search: { tab: next }, replace: true })}
        tabs={[
          { value: "timeline", label: "Timeline", content: <Timeline id={person.id} /> },
          { value: "identity", label: "Identity", content: <IdentityView identifiers={person.identifiers} /> },
          {
            value: "values",
            label: "Values",
            count: String(person.traits.length),
            content:
              person.traits.length > 0 ? (
                <PropertyTable of="the person" properties={person.traits} />
              ) : (
                <p className={styles.muted}>Nothing is known beyond the facts above.</p>
              ),
          },
        ]}
      />
    </Page>
  );
}

function Facts({ person }: { person: Person }) {
  const place = [person.city, person.country].filter(Boolean).join(", ");
  return (
    <div className={styles.top}>
      <KeyFacts
        facts={[
          { name: "Email", value: person.email },
          { name: "Phone", value: person.phone },
          { name: "Job title", value: person.title },
          { name: "Place", value: place },
          { name: "Lead since", value: person.lead_at ? <Moment at={person.lead_at} look="day" /> : null },
          { name: "First seen", value: person.first_seen ? <Moment at={person.first_seen} look="day" /> : null },
          { name: "Last seen", value: person.last_seen ? <TimeAgo at={person.last_seen} /> : null },
          { name: "Id", value: <code>{person.id}</code> },
        ]}
      />
      <KeyFacts
        facts={[
          ...person.places.map((one) => ({
            name: one.until ? "Was at" : "Company",
            value: (
              <>
                <Link to="/companies/$id" params={{ id: one.company }}>
                  {one.name || one.company}
                </Link>
                <span className={styles.muted}>
                  {one.role ? ` ${one.role},` : ""} known by {one.how.replaceAll("_", " ")}
                </span>
              </>
            ),
          })),
          ...person.deals.map((deal) => ({
            name: "Deal",
            value: (
              <>
                <Link to="/deals/$id" params={{ id: deal.id }}>
                  {deal.name}
                </Link>
                <span className={styles.muted}>
                  {` ${deal.outcome}`}
                  {deal.role ? `, ${deal.role.replaceAll("_", " ")}` : ""}
                </span>
              </>
            ),
          })),
        ]}
      />
    </div>
  );
}
