import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { lazy, Suspense, useCallback, useMemo } from "react";
import { useSession } from "#/app/session.ts";
import { useMissingPermission } from "#/app/use-places.ts";
import { watermarkText } from "#/features/analytics/metrics/figures.ts";
import { registryQuery } from "#/features/analytics/metrics/queries.ts";
import { addDays, quarterStart, today } from "#/lib/dates.ts";
import { counted, days } from "#/lib/format.ts";
import { buttonClass } from "#/ui/button.tsx";
import { EmptyState } from "#/ui/empty-state.tsx";
import { Page } from "#/ui/page.tsx";
import { ProblemView } from "#/ui/problem-view.tsx";
import { SkeletonLines } from "#/ui/skeleton.tsx";
import { Stale } from "#/ui/stale.tsx";
import styles from "./attribution.module.css";
import { AttributionFilters } from "./attribution-filters.tsx";
import { ModelChart } from "./model-chart.tsx";
import { ModelTable } from "./model-table.tsx";
import {
  type AttributionAnswer,
  type AttributionRequest,
  type AttributionSearch,
  attributionQuery,
  DEFAULT_GOAL,
  DIMENSIONS,
  drillOf,
  eventOfGoal,
  modelsOf,
} from "./queries.ts";

const DrillDrawer = lazy(() =>
  import("#/features/analytics/metrics/drill-drawer.tsx").then((module) => ({ default: module.DrillDrawer })),
);

const route = getRouteApi("/shell/attribution");

/** No number is open. Each one opens as of now. */
const CLOSED = { explain: undefined, key: undefined, as_of: undefined };

/** The models side by side: where they agree, a decision is safe; where they spread, it depends on what one believes. */
export function AttributionPage() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const { workspace } = useSession();
  const registry = useQuery(registryQuery);
  const day = today(workspace.time_zone);
  const from = search.from ?? quarterStart(day, -1);
  const range = { from, to: search.to ?? addDays(quarterStart(from, 1), -1) };
  const request: AttributionRequest = {
    range,
    dimension: search.dimension ?? "channel",
    goal: search.goal ?? DEFAULT_GOAL,
    models: modelsOf(search, registry.data?.models ?? []),
    lookback_days: search.lookback,
    journey: search.journey,
    filters: search.channel ? [{ dimension: "channel", op: "in", values: [search.channel] }] : undefined,
  };
  const waits = search.weights !== undefined && registry.isPending;
  const nameless = eventOfGoal(request.goal) === "";
  const answer = useQuery({ ...attributionQuery(request), enabled: !nameless && !waits });
  const change = useCallback(
    (part: Partial<AttributionSearch>) =>
      void navigate({ search: (before) => ({ ...before, ...part }), replace: true }),
    [navigate],
  );
  const { explain, key } = search;
  const open = useCallback((model: string, row?: string) => change({ ...CLOSED, explain: model, key: row }), [change]);
  const close = useCallback(() => change(CLOSED), [change]);
  return (
    <Page
      title="Attribution"
      filters={<AttributionFilters search={search} range={range} registry={registry.data} onChange={change} />}
    >
      {nameless ? (
        <EmptyState title="Which event is the goal?">
          Write the name of an event as it is sent, for example “Signed up”. Its value, if it carries one, is shared
          among the touches before it.
        </EmptyState>
      ) : answer.error ? (
        <ProblemView
          title="The models could not be compared"
          error={answer.error}
          onRetry={() => void answer.refetch()}
        />
      ) : answer.data ? (
        <Stale when={answer.isPlaceholderData}>
          <Comparison answer={answer.data} channel={search.channel} onExplain={open} />
        </Stale>
      ) : (
        <SkeletonLines lines={10} />
      )}
      {explain ? (
        <Suspense>
          <DrillDrawer
            request={{ query: drillOf(request, explain), metric: "goal_value", ...(key ? { key: [key] } : {}) }}
            asOf={search.as_of}
            onAsOf={(as_of) => change({ as_of })}
            onClose={close}
          />
        </Suspense>
      ) : null}
    </Page>
  );
}

interface ComparisonProps {
  answer: AttributionAnswer;
  channel: string | undefined;
  onExplain: (model: string, key?: string) => void;
}

function Comparison({ answer, channel, onExplain }: ComparisonProps) {
  const name = useMemo(
    () => DIMENSIONS.find((one) => one.value === answer.dimension)?.label ?? answer.dimension,
    [answer],
  );
  const missing = useMissingPermission()("/imports");
  if (answer.journeys.goals === 0) {
    return eventOfGoal(answer.goal) === undefined ? (
      <EmptyState
        title="No deal reached this goal in the period"
        actions={
          missing ? null : (
            <Link to="/imports" className={buttonClass()}>
              Import deals
            </Link>
          )
        }
      >
        Choose another period or another goal, or import deals with their stage history.
      </EmptyState>
    ) : (
      <EmptyState title="The event did not happen in the period">
        Choose another period, or check that the name is written as it is sent: “{eventOfGoal(answer.goal)}”.
      </EmptyState>
    );
  }
  return (
    <>
      <p className={styles.muted}>
        {days(answer.range)}: {sentence(answer)}
        {channel ? ` Only touches of ${channel}.` : ""} {watermarkText(answer.watermark)}.
      </p>
      <ModelChart answer={answer} name={name} />
      <ModelTable answer={answer} name={name} onExplain={onExplain} />
      <p className={styles.muted}>
        Under every model that conserves, the credit of a deal sums to its booked value, to the cent. A wide spread
        means that the answer depends on the model: look at the deals before deciding.
      </p>
    </>
  );
}

function sentence({ goal, journeys }: AttributionAnswer): string {
  const one = eventOfGoal(goal) === undefined ? "deal" : "conversion";
  const parts = [
    `${counted(journeys.goals, one)}, ${counted(journeys.with_touches, "of them with touches", "of them with touches")}`,
    counted(journeys.touches, "touch", "touches"),
  ];
  if (journeys.without_touch > 0) parts.push(`${counted(journeys.without_touch, one)} without a known touch`);
  if (journeys.people_suggested > 0)
    parts.push(`${counted(journeys.people_suggested, one)} with people guessed from the company`);
  if (journeys.without_rate > 0)
    parts.push(`${counted(journeys.without_rate, one)} left out for want of an exchange rate`);
  return `${parts.join("; ")}.`;
}
