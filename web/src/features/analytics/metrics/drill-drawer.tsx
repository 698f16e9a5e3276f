import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useMemo } from "react";
import { useMay } from "#/app/session.ts";
import { counted, day, days, withMoments } from "#/lib/format.ts";
import { Badge } from "#/ui/badge.tsx";
import { buttonClass } from "#/ui/button.tsx";
import { CodeBlock } from "#/ui/code-block.tsx";
import { DataTable } from "#/ui/data-table.tsx";
import { Drawer } from "#/ui/drawer.tsx";
import { ProblemView } from "#/ui/problem-view.tsx";
import { Section } from "#/ui/section.tsx";
import { SkeletonLines } from "#/ui/skeleton.tsx";
import type { Column } from "#/ui/table-model.ts";
import styles from "./drill.module.css";
import { figureText, plain, watermarkText } from "./figures.ts";
import { type DrillAnswer, type DrillPart, type DrillRequest, type DrillRow, drillQuery } from "./queries.ts";

interface DrillDrawerProps {
  request: DrillRequest | undefined;
  onClose: () => void;
}

/** What a number means, how it was made, and the rows behind it. */
export function DrillDrawer({ request, onClose }: DrillDrawerProps) {
  const drill = useQuery(drillQuery(request));
  const answer = drill.data;
  return (
    <Drawer
      open={request !== undefined}
      wide
      onClose={onClose}
      title={answer?.name ?? "Explanation"}
      subtitle={answer ? days(answer.range) : null}
    >
      {drill.error ? (
        <ProblemView
          title="The number could not be explained"
          error={drill.error}
          onRetry={() => void drill.refetch()}
        />
      ) : null}
      {answer ? <Explanation answer={answer} /> : drill.error ? null : <SkeletonLines lines={8} />}
    </Drawer>
  );
}

function Explanation({ answer }: { answer: DrillAnswer }) {
  const { value } = answer.value;
  const maySql = useMay("sql.run");
  return (
    <>
      <div className={styles.stack}>
        <span className={styles.figure}>
          {value === null || value === undefined
            ? (answer.value.reason ?? "Not known")
            : figureText(value, answer.unit)}
        </span>
        <p>{answer.definition}</p>
        <p className={styles.muted}>{answer.decision}</p>
      </div>
      <Section title="Formula">
        <p>{answer.formula}</p>
        <p className={styles.formula}>{answer.formula_with_numbers}</p>
        {answer.filters.length > 0 ? (
          <div className={styles.filters}>
            {answer.filters.map((filter) => (
              <Badge key={filter}>{filter}</Badge>
            ))}
          </div>
        ) : null}
        <p className={styles.muted}>{watermarkText(answer.watermark)}</p>
      </Section>
      {answer.rows_hidden ? (
        <p className={styles.muted}>The rows behind this number are not shown to your role.</p>
      ) : (
        answer.parts.map((part) => <Part key={part.name} part={part} />)
      )}
      <Section
        title="As SQL"
        text="The same question for the SQL console."
        actions={
          maySql ? (
            <Link to="/sql" search={{ q: answer.sql }} className={buttonClass("plain", "small")}>
              Open in the SQL console
            </Link>
          ) : null
        }
      >
        <CodeBlock code={answer.sql} label="SQL" />
      </Section>
    </>
  );
}

function Part({ part }: { part: DrillPart }) {
  const unit = typeof part.value === "number" ? "count" : "money";
  const columns = useMemo<Column<DrillRow>[]>(
    () => [
      { id: "label", header: "What", value: (row) => row.label, cell: (row) => <RowLink row={row} /> },
      { id: "date", header: "Date", width: 120, value: (row) => row.date, cell: (row) => day(row.date) },
      {
        id: "value",
        header: "Adds",
        width: 130,
        align: "right",
        value: (row) => plain(row.value),
        cell: (row) => figureText(row.value, unit),
      },
      {
        id: "facts",
        header: "More",
        value: (row) => row.facts.map((fact) => `${fact.name}: ${withMoments(fact.text)}`).join(" · "),
      },
    ],
    [unit],
  );
  return (
    <Section title={`${part.name}: ${figureText(part.value, unit)}`}>
      <DataTable
        name={part.name.toLowerCase()}
        rows={part.rows}
        columns={columns}
        rowId={(row) => `${row.kind} ${row.id} ${row.event_offset ?? ""} ${row.label} ${row.date} ${plain(row.value)}`}
        note={part.rows_total > part.rows.length ? `the largest of ${counted(part.rows_total, "row")}` : undefined}
        empty={<p className={styles.muted}>No rows: nothing was counted.</p>}
      />
    </Section>
  );
}

function RowLink({ row }: { row: DrillRow }) {
  if (row.kind === "deal" && row.id)
    return (
      <Link to="/deals/$id" params={{ id: row.id }}>
        {row.label}
      </Link>
    );
  const person = row.kind === "person" ? row.id : row.person;
  if (person)
    return (
      <Link to="/people/$id" params={{ id: person }}>
        {row.label}
      </Link>
    );
  return <span title={row.label}>{row.label}</span>;
}
