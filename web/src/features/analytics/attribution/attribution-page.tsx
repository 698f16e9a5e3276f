import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useCallback, useMemo } from "react";
import { useSession } from "#/app/session.ts";
import { watermarkText } from "#/features/analytics/metrics/figures.ts";
import { registryQuery } from "#/features/analytics/metrics/queries.ts";
import { addDays, quarterStart, today } from "#/lib/dates.ts";
import { counted } from "#/lib/format.ts";
import { DateRangePicker } from "#/ui/date-range.tsx";
import { EmptyState } from "#/ui/empty-state.tsx";
import { MultiSelect } from "#/ui/multi-select.tsx";
import { Page } from "#/ui/page.tsx";
import { ProblemView } from "#/ui/problem-view.tsx";
import { Select } from "#/ui/select.tsx";
import { SkeletonLines } from "#/ui/skeleton.tsx";
import styles from "./attribution.module.css";
import { ModelChart } from "./model-chart.tsx";
import { ModelTable } from "./model-table.tsx";
import {
  type AttributionAnswer,
  type AttributionSearch,
  attributionQuery,
  DIMENSIONS,
  GOALS,
  JOURNEYS,
} from "./queries.ts";

const route = getRouteApi("/shell/attribution");
const LOOKBACKS = ["30", "60", "90", "180", "365"];

/** The models side by side: where they agree, a decision is safe; where they spread, it depends on what one believes. */
export function AttributionPage() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const { workspace } = useSession();
  const registry = useQuery(registryQuery);
  const day = today(workspace.time_zone);
  const from = search.from ?? quarterStart(day, -1);
  const range = { from, to: search.to ?? addDays(quarterStart(from, 1), -1) };
  const dimension = search.dimension ?? "channel";
  const answer = useQuery(
    attributionQuery({
      range,
      dimension,
      goal: search.goal ?? "deal_won",
      models: search.models,
      lookback_days: search.lookback,
      journey: search.journey,
      filters: search.channel ? [{ dimension: "channel", op: "in", values: [search.channel] }] : undefined,
    }),
  );
  const change = useCallback(
    (part: Partial<AttributionSearch>) =>
      void navigate({ search: (before) => ({ ...before, ...part }), replace: true }),
    [navigate],
  );
  const lookback = String(search.lookback ?? registry.data?.default_lookback_days ?? 180);
  const models = registry.data?.models ?? [];
  return (
    <Page
      title="Attribution"
      filters={
        <>
          <DateRangePicker value={range} timeZone={workspace.time_zone} onChange={change} />
          <Select
            form="filter"
            label="Credit for"
            options={GOALS}
            value={search.goal ?? "deal_won"}
            onChange={(goal) => change({ goal })}
          />
          <Select
            form="filter"
            label="By"
            options={DIMENSIONS}
            value={dimension}
            onChange={(next) => change({ dimension: next })}
          />
          <MultiSelect
            label="Models"
            none="all with a fixed meaning"
            options={models.map(({ id, name }) => ({ value: id, label: name }))}
            value={search.models ?? []}
            onChange={(next) => change({ models: next.length > 0 ? next : undefined })}
          />
          <Select
            form="filter"
            label="Lookback"
            options={(LOOKBACKS.includes(lookback) ? LOOKBACKS : [lookback, ...LOOKBACKS]).map((days) => ({
              value: days,
              label: `${days} days`,
            }))}
            value={lookback}
            onChange={(days) => change({ lookback: Number(days) })}
          />
          <Select
            form="filter"
            label="Touches of"
            options={JOURNEYS}
            value={search.journey ?? "company"}
            onChange={(journey) => change({ journey })}
          />
        </>
      }
    >
      {answer.error ? (
        <ProblemView
          title="The models could not be compared"
          error={answer.error}
          onRetry={() => void answer.refetch()}
        />
      ) : answer.data ? (
        <Comparison answer={answer.data} channel={search.channel} />
      ) : (
        <SkeletonLines lines={10} />
      )}
    </Page>
  );
}

function Comparison({ answer, channel }: { answer: AttributionAnswer; channel: string | undefined }) {
  const name = useMemo(
    () => DIMENSIONS.find((one) => one.value === answer.dimension)?.label ?? answer.dimension,
    [answer],
  );
  if (answer.journeys.goals === 0) {
    return (
      <EmptyState title="No deal reached this goal in the period">
        Choose another period or another goal, or import deals with their stage history.
      </EmptyState>
    );
  }
  return (
    <>
      <p className={styles.muted}>
        {sentence(answer)}
        {channel ? ` Only touches of ${channel}.` : ""} {watermarkText(answer.watermark)}.
      </p>
      <ModelChart answer={answer} name={name} />
      <ModelTable answer={answer} name={name} />
      <p className={styles.muted}>
        Under every model that conserves, the credit of a deal sums to its booked value, to the cent. A wide spread
        means that the answer depends on the model: look at the deals before deciding.
      </p>
    </>
  );
}

function sentence({ journeys }: AttributionAnswer): string {
  const parts = [
    `${counted(journeys.goals, "deal")}, ${counted(journeys.with_touches, "of them with touches", "of them with touches")}`,
    counted(journeys.touches, "touch", "touches"),
  ];
  if (journeys.without_touch > 0) parts.push(`${counted(journeys.without_touch, "deal")} without a known touch`);
  if (journeys.people_suggested > 0)
    parts.push(`${counted(journeys.people_suggested, "deal")} with people guessed from the company`);
  if (journeys.without_rate > 0)
    parts.push(`${counted(journeys.without_rate, "deal")} left out for want of an exchange rate`);
  return `${parts.join("; ")}.`;
}
