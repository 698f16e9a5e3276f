import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { lazy, Suspense, useCallback, useMemo } from "react";
import { useSession } from "#/app/session.ts";
import { watermarkText } from "#/features/analytics/metrics/figures.ts";
import { addDays, today } from "#/lib/dates.ts";
import { counted, days, number } from "#/lib/format.ts";
import { AsOf } from "#/ui/as-of.tsx";
import { DateRangePicker } from "#/ui/date-range.tsx";
import { EmptyState } from "#/ui/empty-state.tsx";
import { Page } from "#/ui/page.tsx";
import { ProblemView } from "#/ui/problem-view.tsx";
import { Segmented } from "#/ui/segmented.tsx";
import { Select } from "#/ui/select.tsx";
import { SkeletonLines } from "#/ui/skeleton.tsx";
import { Stale } from "#/ui/stale.tsx";
import { Bridge } from "./bridge.tsx";
import { Builder } from "./builder.tsx";
import styles from "./explore.module.css";
import { FunnelView } from "./funnel-view.tsx";
import {
  type Cell,
  type Exploration,
  type ExploreAnswer,
  KINDS,
  ofProperty,
  parseCell,
  parseQuestion,
  type Question,
  startOf,
} from "./model.ts";
import { PathsView } from "./paths-view.tsx";
import { type Choices, choicesQuery, type ExploreSearch, exploreQuery } from "./queries.ts";
import { RetentionView } from "./retention-view.tsx";
import { SavedActions } from "./saved-actions.tsx";
import { TrendsView } from "./trends-view.tsx";

const PeopleDrawer = lazy(() => import("./people-drawer.tsx").then((module) => ({ default: module.PeopleDrawer })));

const route = getRouteApi("/shell/explore");
const COMPARES = [
  { value: "none", label: "nothing" },
  { value: "previous", label: "the period before" },
  { value: "year", label: "the same dates last year" },
] as const;

/** What people did: how it develops, where they are lost, who comes back, and what they do before and after. */
export function ExplorePage() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const { workspace } = useSession();
  const choices = useQuery(choicesQuery);
  const day = today(workspace.time_zone);
  const range = useMemo(
    () => ({ from: search.from ?? addDays(search.to ?? day, -29), to: search.to ?? day }),
    [search.from, search.to, day],
  );
  const question = useMemo<Question | undefined>(
    () => parseQuestion(search.q) ?? (choices.data ? first("trends", choices.data) : undefined),
    [search.q, choices.data],
  );
  const change = useCallback(
    (part: Partial<ExploreSearch>) =>
      void navigate({ search: (before) => ({ ...before, cell: undefined, ...part }), replace: true }),
    [navigate],
  );
  const ask = useCallback((next: Question) => change({ q: JSON.stringify(next) }), [change]);
  const open = useCallback((cell: Cell) => change({ cell: JSON.stringify(cell) }), [change]);
  const close = useCallback(() => change({ cell: undefined }), [change]);
  const zoom = useCallback((from: string, to: string) => change({ from, to }), [change]);
  const asked = useMemo<Exploration | undefined>(
    () => (question ? { range, ...question } : undefined),
    [question, range],
  );
  const kind = question?.ask.kind ?? "trends";
  const cell = useMemo(() => parseCell(search.cell, question?.ask.kind), [search.cell, question]);
  const comparable = kind === "trends" || kind === "funnel";
  const turn = (next: typeof kind) => {
    if (!choices.data || next === kind) return;
    const kept = { humans_only: question?.humans_only ?? true, segment: question?.segment, as_of: question?.as_of };
    ask({ ...first(next, choices.data), ...kept });
  };
  return (
    <Page
      title="Explore"
      actions={asked ? <SavedActions asked={asked} search={search} onChange={change} /> : null}
      filters={
        <>
          <Segmented label="Kind of question" options={KINDS} value={kind} onChange={turn} />
          <DateRangePicker value={range} timeZone={workspace.time_zone} onChange={change} />
          {comparable && question ? (
            <Select
              form="filter"
              label="Compared with"
              options={COMPARES}
              value={question.compare ?? "none"}
              onChange={(compare) => ask({ ...question, compare })}
            />
          ) : null}
          {question ? (
            <AsOf
              value={question.as_of ?? undefined}
              tip="Events received later, and people merged since, are left out."
              onChange={(as_of) => ask({ ...question, as_of })}
            />
          ) : null}
        </>
      }
    >
      {choices.error ? (
        <ProblemView
          title="The names of events could not be loaded"
          error={choices.error}
          onRetry={() => void choices.refetch()}
        />
      ) : null}
      {choices.data && question && asked ? (
        <div className={styles.columns}>
          <Builder question={question} choices={choices.data} onChange={ask} />
          <Result asked={asked} choices={choices.data} onOpen={open} onZoom={zoom} />
        </div>
      ) : choices.error ? null : (
        <SkeletonLines lines={12} />
      )}
      {asked && cell && choices.data ? (
        <Suspense>
          <PeopleDrawer asked={asked} cell={cell} choices={choices.data} onClose={close} />
        </Suspense>
      ) : null}
    </Page>
  );
}

function first(kind: Question["ask"]["kind"], choices: Choices): Question {
  const names = choices.names.map((one) => one.value);
  return { compare: "none", humans_only: true, ask: startOf(kind, names) };
}

interface ResultProps {
  asked: Exploration;
  choices: Choices;
  onOpen: (cell: Cell) => void;
  onZoom: (from: string, to: string) => void;
}

function Result({ asked, choices, onOpen, onZoom }: ResultProps) {
  // A measure of a property is asked once it is known which.
  const open = asked.ask.kind === "trends" && ofProperty(asked.ask.measure) && !asked.ask.property;
  const answer = useQuery({ ...exploreQuery(asked), enabled: choices.names.length > 0 && !open });
  if (choices.names.length === 0)
    return (
      <EmptyState title="No events yet">
        Explore answers questions about what people did. Connect a website or a product first; what comes in can be
        asked about at once.
      </EmptyState>
    );
  if (open)
    return (
      <EmptyState title="Of which property?">
        Choose the property under “Counted as”. Its numbers are added up, or their mean is taken over the events that
        have it.
      </EmptyState>
    );
  if (answer.error)
    return (
      <ProblemView
        title="The question could not be answered"
        error={answer.error}
        onRetry={() => void answer.refetch()}
      />
    );
  return (
    <div className={styles.result} aria-live="polite" aria-busy={answer.isFetching}>
      {answer.data ? (
        <Stale when={answer.isPlaceholderData}>
          <View asked={asked} answer={answer.data} choices={choices} onOpen={onOpen} onZoom={onZoom} />
          {asked.as_of ? <Bridge asked={asked} /> : null}
          <Basis answer={answer.data} />
        </Stale>
      ) : (
        <SkeletonLines lines={12} />
      )}
    </div>
  );
}

function View({ asked, answer, ...rest }: ResultProps & { answer: ExploreAnswer }) {
  const { found } = answer;
  const { ask } = asked;
  // While the next answer is on its way the last one stays, if it is one of the same kind.
  if (found.kind === "trends" && ask.kind === "trends")
    return <TrendsView ask={ask} found={found} answer={answer} {...rest} />;
  if (found.kind === "funnel" && ask.kind === "funnel") return <FunnelView ask={ask} found={found} {...rest} />;
  if (found.kind === "retention" && ask.kind === "retention")
    return <RetentionView ask={ask} found={found} onOpen={rest.onOpen} />;
  if (found.kind === "paths" && ask.kind === "paths") return <PathsView ask={ask} found={found} onOpen={rest.onOpen} />;
  return null;
}

/** What the answer rests on. */
function Basis({ answer }: { answer: ExploreAnswer }) {
  const parts = [days(answer.range)];
  if (answer.compared) parts.push(`compared with ${days(answer.compared)}`);
  if (typeof answer.segment_people === "number")
    parts.push(`${counted(answer.segment_people, "person", "people")} in the segment`);
  parts.push(watermarkText(answer.watermark));
  parts.push(answer.from_cache ? "answered before" : `took ${number(answer.took_ms)} ms`);
  return <p className={styles.muted}>{parts.join(" · ")}</p>;
}
