import { bytes, counted, dateTime, number } from "#/lib/format.ts";
import { CodeBlock } from "#/ui/code-block.tsx";
import { DataTable } from "#/ui/data-table.tsx";
import type { Column } from "#/ui/table-model.ts";
import type { SqlPlan, SqlRead } from "./queries.ts";
import styles from "./sql.module.css";

type Month = SqlRead["months"][number];

const MONTHS: Column<Month>[] = [
  { id: "month", header: "Month", width: 110, value: (month) => month.month },
  { id: "files", header: "Files", align: "right", width: 100, value: (month) => month.files },
  { id: "files_read", header: "Opened", align: "right", width: 100, value: (month) => month.files_read },
  {
    id: "rows_read",
    header: "Rows in them",
    align: "right",
    width: 140,
    value: (month) => month.rows_read,
    cell: (month) => number(month.rows_read),
  },
];

/** How a question would be answered: what is read of the events, and the plan. */
export function PlanView({ plan }: { plan: SqlPlan }) {
  const nameOf = (place: number) =>
    plan.reads.length > 1 ? `Reading ${place + 1} of the events` : "Reading of the events";
  const readings = plan.reads.map((read, place) => ({ name: nameOf(place), read }));
  return (
    <div className={styles.stack}>
      {plan.reads.length === 0 ? (
        <p className={styles.muted}>No event is read: the tables of this question are in memory.</p>
      ) : null}
      {readings.map(({ name, read }) => (
        <Reading key={name} read={read} name={name} />
      ))}
      <h2>What is computed</h2>
      <CodeBlock label="logical plan" code={plan.logical} />
      <h2>How it is computed</h2>
      <CodeBlock label="physical plan" code={plan.physical} />
    </div>
  );
}

/** What a reading passes over, in words. */
export function readingText(read: SqlRead): string[] {
  const range = [
    read.at_from ? `from ${dateTime(read.at_from)}` : undefined,
    read.at_to ? `before ${dateTime(read.at_to)}` : undefined,
  ].filter((bound) => bound !== undefined);
  return [
    `${number(read.files_read)} of ${counted(read.files, "file")} are opened, ${bytes(read.bytes_read)} of ${bytes(read.bytes)}; of them only ${counted(read.columns.length, "column")}${read.columns.length > 0 ? ` (${read.columns.join(", ")})` : ""}.`,
    `${number(read.rows_read)} of ${counted(read.rows, "row")} are looked at, ${number(read.rows_hot)} of them in memory.`,
    range.length > 0
      ? `The question bounds at: ${range.join(", ")}.`
      : "The question does not bound at, so no month is passed over.",
    read.people !== null && read.people !== undefined
      ? `It names ${counted(read.people, "person", "people")}: ${number(read.buckets_read)} of ${counted(read.buckets, "bucket")} are opened, and only the rows of these people are unpacked.`
      : `All ${counted(read.buckets, "bucket")} of people are opened.`,
  ];
}

function Reading({ read, name }: { read: SqlRead; name: string }) {
  return (
    <section className={styles.reading} aria-label={name}>
      <h2>{name}</h2>
      <ul className={styles.facts}>
        {readingText(read).map((line) => (
          <li key={line}>{line}</li>
        ))}
      </ul>
      {read.months.length > 0 ? (
        <DataTable name="months" one="month" bare rows={read.months} columns={MONTHS} rowId={(month) => month.month} />
      ) : null}
    </section>
  );
}
