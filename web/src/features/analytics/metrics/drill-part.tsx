import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useMemo } from "react";
import { useMay } from "#/app/session.ts";
import { day, number } from "#/lib/format.ts";
import { capital, sentence } from "#/lib/server-text.ts";
import { DataTable } from "#/ui/data-table.tsx";
import { ProblemView } from "#/ui/problem-view.tsx";
import { Section } from "#/ui/section.tsx";
import type { Column } from "#/ui/table-model.ts";
import styles from "./drill.module.css";
import { figureText, plain } from "./figures.ts";
import {
  type DrillAnswer,
  type DrillPart,
  type DrillRequest,
  type DrillRow,
  drillRowsQuery,
  type JourneySearch,
  journeyOf,
} from "./queries.ts";

interface PartProps {
  request: DrillRequest;
  answer: DrillAnswer;
  part: DrillPart;
}

/** One number of a formula with the rows it was made of; every row leads to what it stands for. */
export function Part({ request, answer, part }: PartProps) {
  const unit = typeof part.value === "number" ? "count" : "money";
  const mayEvents = useMay("events.read");
  const journey = useMemo(() => journeyOf(request.query, part.goal), [request, part.goal]);
  const pages = useInfiniteQuery(drillRowsQuery(request, answer, part));
  const rows = useMemo(() => pages.data?.pages.flatMap((page) => page.rows) ?? part.rows, [pages.data, part]);
  const hasEvents = rows.some((row) => eventOf(row) !== undefined);
  const columns = useMemo<Column<DrillRow>[]>(
    () => [
      {
        id: "label",
        header: "What",
        width: 196,
        value: (row) => row.label,
        cell: (row) => <RowLink row={row} journey={journey} />,
      },
      { id: "date", header: "Date", width: 108, value: (row) => row.date, cell: (row) => day(row.date) },
      {
        id: "value",
        header: "Adds",
        width: 112,
        align: "right",
        value: (row) => plain(row.value),
        cell: (row) => figureText(row.value, unit),
      },
      ...(hasEvents ? [eventColumn(mayEvents)] : []),
      {
        id: "facts",
        header: "More",
        value: (row) => row.facts.map((fact) => `${fact.name}: ${sentence(fact.text)}`).join(" · "),
      },
    ],
    [unit, journey, hasEvents, mayEvents],
  );
  return (
    <Section title={capital(`${part.name}: ${figureText(part.value, unit)}`)}>
      <DataTable
        name={`rows of ${part.name.toLowerCase()}`}
        one="row"
        rows={rows}
        columns={columns}
        rowId={(row) => `${row.kind} ${row.id} ${row.event_offset ?? ""} ${row.label} ${row.date} ${plain(row.value)}`}
        total={part.rows_total}
        note={part.rows_total > rows.length ? "the largest first" : undefined}
        empty={<p className={styles.muted}>No rows: nothing was counted.</p>}
        more={{
          available: pages.hasNextPage,
          loading: pages.isFetchingNextPage,
          fetch: () => void pages.fetchNextPage(),
        }}
      />
      {pages.error ? <ProblemView title="No more rows could be loaded" error={pages.error} /> : null}
    </Section>
  );
}

/** The event a row stands for: the conversion itself, else the first event of its touch. */
function eventOf(row: DrillRow): string | undefined {
  if (row.kind === "event" && row.id) return row.id;
  return row.event_offset === null || row.event_offset === undefined ? undefined : String(row.event_offset);
}

function eventColumn(may: boolean): Column<DrillRow> {
  return {
    id: "event",
    header: "Event",
    width: 96,
    align: "right",
    hint: "The first event of the touch, by its place in the log",
    value: (row) => eventOf(row) ?? "",
    cell: (row) => {
      const open = eventOf(row);
      if (open === undefined) return <span className={styles.muted}>none</span>;
      const text = number(Number(open));
      return may ? (
        <Link to="/events" search={{ open }} aria-label={`Open event ${text}`}>
          {text}
        </Link>
      ) : (
        text
      );
    },
  };
}

function RowLink({ row, journey }: { row: DrillRow; journey: JourneySearch }) {
  if (row.kind === "deal" && row.id)
    return (
      <Link
        to="/attribution/deals/$id"
        params={{ id: row.id }}
        search={journey}
        title={`${row.label}: open its touches and credit`}
      >
        {row.label}
      </Link>
    );
  const person = row.kind === "person" ? row.id : row.person;
  if (person)
    return (
      <Link to="/people/$id" params={{ id: person }} title={row.label}>
        {row.label}
      </Link>
    );
  return <span title={row.label}>{row.label}</span>;
}
