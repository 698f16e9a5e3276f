import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { watermarkText } from "#/features/analytics/metrics/figures.ts";
import { money, percent } from "#/lib/format.ts";
import { ChannelChip } from "#/ui/channel-chip.tsx";
import { EmptyState } from "#/ui/empty-state.tsx";
import { KeyFacts } from "#/ui/key-facts.tsx";
import { Moment } from "#/ui/moment.tsx";
import { Page } from "#/ui/page.tsx";
import { ProblemView } from "#/ui/problem-view.tsx";
import { Section } from "#/ui/section.tsx";
import { SkeletonLines } from "#/ui/skeleton.tsx";
import styles from "./attribution.module.css";
import { type DealAttribution, type DealTouch, dealAttributionQuery } from "./queries.ts";

const route = getRouteApi("/shell/attribution/deals/$id");

/** The touches of one deal, and what each earns under every model. */
export function DealAttributionPage() {
  const { id } = route.useParams();
  const found = useQuery(dealAttributionQuery(id));
  const crumb = <Link to="/attribution">Attribution</Link>;
  if (!found.data) {
    return (
      <Page title="Touches of a deal" crumb={crumb}>
        {found.error ? (
          <ProblemView
            title="The touches could not be loaded"
            error={found.error}
            onRetry={() => void found.refetch()}
          />
        ) : (
          <SkeletonLines lines={8} />
        )}
      </Page>
    );
  }
  const deal = found.data;
  return (
    <Page title={`Touches of ${deal.name}`} crumb={crumb}>
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
    </Page>
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
  const origin = [touch.source, touch.medium, touch.campaign].filter(Boolean).join(" / ");
  return (
    <tr>
      <td>
        <div className={styles.stack}>
          <ChannelChip name={touch.channel} />
          <span className={styles.muted}>
            <Link to="/events" search={{ open: String(touch.event_offset) }}>
              <Moment at={touch.at} />
            </Link>
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
