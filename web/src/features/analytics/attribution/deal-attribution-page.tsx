import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useMay } from "#/app/session.ts";
import { watermarkText } from "#/features/analytics/metrics/figures.ts";
import { JourneyFilters } from "#/features/analytics/metrics/journey-filters.tsx";
import { type JourneySearch, registryQuery } from "#/features/analytics/metrics/queries.ts";
import { money, percent } from "#/lib/format.ts";
import { ChannelChip } from "#/ui/channel-chip.tsx";
import { EmptyState } from "#/ui/empty-state.tsx";
import { KeyFacts } from "#/ui/key-facts.tsx";
import { Moment } from "#/ui/moment.tsx";
import { Page } from "#/ui/page.tsx";
import { ProblemView } from "#/ui/problem-view.tsx";
import { Section } from "#/ui/section.tsx";
import { Select } from "#/ui/select.tsx";
import { SkeletonLines } from "#/ui/skeleton.tsx";
import { Stale } from "#/ui/stale.tsx";
import styles from "./attribution.module.css";
import { type DealAttribution, type DealTouch, dealAttributionQuery } from "./queries.ts";

const route = getRouteApi("/shell/attribution/deals/$id");

/** The touches of one deal, and what each earns under every model. */
export function DealAttributionPage() {
  const { id } = route.useParams();
  const search = route.useSearch();
  const found = useQuery(dealAttributionQuery(id, search));
  const title = found.data ? `Touches of ${found.data.name}` : "Touches of a deal";
  return (
    <Page
      title={title}
      crumb={<Link to="/attribution">Attribution</Link>}
      filters={<Filters search={search} deal={found.data} />}
    >
      {found.error ? (
        <ProblemView title="The touches could not be loaded" error={found.error} onRetry={() => void found.refetch()} />
      ) : found.data ? (
        <Stale when={found.isPlaceholderData}>
          <Opened deal={found.data} />
        </Stale>
      ) : (
        <SkeletonLines lines={8} />
      )}
    </Page>
  );
}

/** What the deal is credited for and which touches count; without a choice the server takes what the deal reached. */
function Filters({ search, deal }: { search: JourneySearch; deal: DealAttribution | undefined }) {
  const navigate = route.useNavigate();
  const registry = useQuery(registryQuery);
  const change = (part: JourneySearch) =>
    void navigate({ search: (before) => ({ ...before, ...part }), replace: true });
  const lookback = String(search.lookback ?? registry.data?.default_lookback_days ?? 180);
  return (
    <>
      <Select
        form="filter"
        label="Credit for"
        placeholder="Loading"
        options={GOALS}
        value={search.goal ?? GOALS.find((one) => one.value === deal?.goal)?.value ?? null}
        onChange={(goal) => change({ goal })}
      />
      <JourneyFilters lookback={lookback} journey={search.journey} onChange={change} />
    </>
  );
}

const GOALS = [
  { value: "deal_won", label: "the deal won" },
  { value: "deal_created", label: "the deal created" },
] as const;

function Opened({ deal }: { deal: DealAttribution }) {
  return (
    <>
      <KeyFacts
        facts={[
          {
            name: "Deal",
            value: (
              <Link to="/deals/$id" params={{ id: deal.deal }}>
                {deal.name}
              </Link>
            ),
          },
          {
            name: "Goal",
            value: (
              <>
                {deal.goal.replaceAll("_", " ")}, <Moment at={deal.reached_at} />
              </>
            ),
          },
          { name: "Value", value: deal.value ? money(deal.value) : "not known" },
          { name: "Became a lead", value: deal.lead_at ? <Moment at={deal.lead_at} /> : null },
          { name: "Became an opportunity", value: deal.opportunity_at ? <Moment at={deal.opportunity_at} /> : null },
          {
            name: "People",
            value: deal.people_suggested ? "guessed from the company, because no role is recorded" : null,
          },
        ]}
      />
      {deal.touches.length === 0 ? (
        <EmptyState title="No touch is known">
          Nobody of this deal was seen before it within the lookback. It counts as “no touch known” under every model.
        </EmptyState>
      ) : (
        <Touches deal={deal} />
      )}
      <p className={styles.muted}>{watermarkText(deal.watermark)}</p>
    </>
  );
}

function Touches({ deal }: { deal: DealAttribution }) {
  return (
    <Section title="Touches and their credit" text="Oldest first. Each column sums to the value of the deal.">
      <section className={styles.scroll} tabIndex={0} aria-label="Credit of every touch">
        <table className={styles.table}>
          <thead>
            <tr>
              <th scope="col">Touch</th>
              {deal.models.map((model) => (
                <th key={model.id} scope="col" data-tip={model.description}>
                  {model.name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {deal.touches.map((touch) => (
              <Touch key={`${touch.event_offset} ${touch.at}`} touch={touch} deal={deal} />
            ))}
          </tbody>
        </table>
      </section>
    </Section>
  );
}

function Touch({ touch, deal }: { touch: DealTouch; deal: DealAttribution }) {
  const mayEvents = useMay("events.read");
  const origin = [touch.source, touch.medium, touch.campaign].filter(Boolean).join(" / ");
  return (
    <tr>
      <td>
        <div className={styles.stack}>
          <ChannelChip name={touch.channel} />
          <span className={styles.muted}>
            {mayEvents ? (
              <Link to="/events" search={{ open: String(touch.event_offset) }}>
                <Moment at={touch.at} />
              </Link>
            ) : (
              <Moment at={touch.at} />
            )}
            {origin ? ` · ${origin}` : ""}
            {touch.positions.length > 0 ? ` · ${touch.positions.join(", ").replaceAll("_", " ")}` : ""}
          </span>
        </div>
      </td>
      {deal.models.map((model) => {
        const credit = touch.credits.find((one) => one.model === model.id);
        return (
          <td key={model.id} title={credit ? `${percent(credit.share)}. ${credit.why}` : undefined}>
            {credit ? money(credit.value) : "–"}
          </td>
        );
      })}
    </tr>
  );
}
