import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useMemo } from "react";
import { watermarkText } from "#/features/analytics/metrics/figures.ts";
import { counted, dateTime, days } from "#/lib/format.ts";
import { DataTable } from "#/ui/data-table.tsx";
import { Drawer } from "#/ui/drawer.tsx";
import { Moment } from "#/ui/moment.tsx";
import { ProblemView } from "#/ui/problem-view.tsx";
import { SkeletonLines } from "#/ui/skeleton.tsx";
import type { Column } from "#/ui/table-model.ts";
import styles from "./explore.module.css";
import {
  bracketLabel,
  type Cell,
  type Exploration,
  eventLabel,
  type Found,
  groupLabel,
  ofSessions,
  stopLabel,
} from "./model.ts";
import { type Choices, exploreQuery, type PersonBehind, peopleQuery } from "./queries.ts";

interface PeopleDrawerProps {
  asked: Exploration;
  cell: Cell;
  choices: Choices;
  onClose: () => void;
}

const COLUMNS: Column<PersonBehind>[] = [
  {
    id: "name",
    header: "Person",
    value: (row) => row.name || row.email || row.id,
    cell: (row) =>
      row.listed ? (
        <Link to="/people/$id" params={{ id: row.id }}>
          {row.name || row.email || `Unknown ${row.id.slice(-6)}`}
        </Link>
      ) : (
        <span className={styles.muted}>No person, {row.id}</span>
      ),
  },
  { id: "email", header: "Email", width: 200, value: (row) => row.email },
  { id: "company", header: "Company", width: 160, value: (row) => row.company },
  {
    id: "seen",
    header: "Last seen",
    width: 130,
    value: (row) => row.last_seen,
    cell: (row) => (row.last_seen ? <Moment at={row.last_seen} look="day" /> : "–"),
  },
];

/** Who is behind a number. */
export function PeopleDrawer({ asked, cell, choices, onClose }: PeopleDrawerProps) {
  const answer = useQuery(exploreQuery(asked));
  const people = useInfiniteQuery(peopleQuery(asked, cell));
  const rows = useMemo(() => people.data?.pages.flatMap((page) => page.items) ?? [], [people.data]);
  const head = people.data?.pages[0];
  return (
    <Drawer
      open
      wide
      onClose={onClose}
      title={head ? counted(head.people, "person", "people") : "People"}
      subtitle={`${cellWords(asked, cell, choices, answer.data?.found)} · ${days(asked.range)}`}
    >
      {people.error ? (
        <ProblemView
          title="The people could not be loaded"
          error={people.error}
          onRetry={() => void people.refetch()}
        />
      ) : head ? (
        <DataTable
          name="people"
          one="person"
          rows={rows}
          columns={COLUMNS}
          rowId={(row) => row.id}
          total={head.people}
          note={watermarkText(head.watermark)}
          empty={<p className={styles.muted}>Nobody is behind this number.</p>}
          more={{
            available: people.hasNextPage,
            loading: people.isFetchingNextPage,
            fetch: () => void people.fetchNextPage(),
          }}
        />
      ) : (
        <SkeletonLines lines={8} />
      )}
    </Drawer>
  );
}

/** A number in words. */
export function cellWords({ ask }: Exploration, cell: Cell, choices: Choices, found?: Found): string {
  const event = (choice: Parameters<typeof eventLabel>[0]) => `“${eventLabel(choice, choices.columns)}”`;
  const part = "group" in cell && cell.group ? `, ${groupLabel(cell.group)}` : "";
  if (cell.kind === "trends" && ask.kind === "trends") {
    const point = found?.kind === "trends" ? found.periods[cell.period ?? -1] : undefined;
    const did = ofSessions(ask.measure) ? "Had sessions with" : "Did";
    return `${did} ${event(ask.series[cell.series])}${part}${point ? `, from ${dateTime(point.from)}` : ""}`;
  }
  if (cell.kind === "funnel" && ask.kind === "funnel") {
    const reached = `Took step ${cell.step + 1}, ${event(ask.steps[cell.step])}`;
    const dropped = cell.outcome === "dropped" ? `, and not ${event(ask.steps[cell.step + 1])} after it` : "";
    return `${reached}${dropped}${part}`;
  }
  if (cell.kind === "retention" && ask.kind === "retention") {
    const cohort =
      found?.kind === "retention" && typeof cell.cohort === "number" ? found.cohorts[cell.cohort] : undefined;
    const back = typeof cell.after === "number" ? `, back ${counted(cell.after, ask.period ?? "week")} later` : "";
    const bracket = typeof cell.bracket === "number" ? ask.brackets?.[cell.bracket] : undefined;
    const within = bracket ? `, back in ${bracketLabel(ask.period ?? "week", bracket)}` : "";
    return `First ${event(ask.first)}${cohort ? ` from ${dateTime(cohort.period.from)}` : ""}${part}${back}${within}`;
  }
  if (cell.kind === "paths") return `Step ${cell.step}${cell.stop ? `: ${stopLabel(cell.stop)}` : ""}`;
  return "";
}
