import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { Play } from "lucide-react";
import { useMemo, useState } from "react";
import { watermarkText } from "#/features/analytics/metrics/figures.ts";
import type { CsvCell } from "#/lib/csv.ts";
import { shortcutText } from "#/lib/keyboard.ts";
import { Button } from "#/ui/button.tsx";
import { DataTable } from "#/ui/data-table.tsx";
import { Page } from "#/ui/page.tsx";
import { ProblemView } from "#/ui/problem-view.tsx";
import { Section } from "#/ui/section.tsx";
import type { Column } from "#/ui/table-model.ts";
import { TextArea } from "#/ui/text-area.tsx";
import { type SqlResult, schemaQuery, useSql } from "./queries.ts";
import styles from "./sql.module.css";

const route = getRouteApi("/shell/sql");
const FIRST = "select channel, count(*) as events\nfrom events\ngroup by channel\norder by events desc";

/** Any question in SQL, over the same data as the reports. It reads only. */
export function SqlPage() {
  const { q } = route.useSearch();
  const navigate = route.useNavigate();
  const [sql, setSql] = useState(q ?? FIRST);
  const run = useSql();
  const start = () => {
    void navigate({ search: { q: sql }, replace: true });
    run.mutate(sql);
  };
  return (
    <Page title="SQL console" text="Reads the stored events and records. Nothing can be changed from here.">
      <div className={styles.columns}>
        <div className={styles.stack}>
          <TextArea
            label="Question"
            mono
            rows={9}
            spellCheck={false}
            value={sql}
            onChange={setSql}
            onKeyDown={(event) => {
              if (event.key === "Enter" && (event.metaKey || event.ctrlKey)) start();
            }}
          />
          <div className={styles.bar}>
            <Button look="primary" busy={run.isPending} icon={<Play size={14} aria-hidden="true" />} onClick={start}>
              Run question
            </Button>
            <span className={styles.muted}>{shortcutText("mod+Enter")}</span>
          </div>
          {run.error ? <ProblemView title="The question could not be answered" error={run.error} /> : null}
          {run.data ? <Answer result={run.data} /> : null}
        </div>
        <Tables />
      </div>
    </Page>
  );
}

function Answer({ result }: { result: SqlResult }) {
  const columns = useMemo<Column<number>[]>(
    () =>
      result.columns.map((column, place) => ({
        id: `${place}`,
        header: column.name,
        align: result.rows.some((row) => typeof row[place] === "number") ? "right" : "left",
        value: (row) => cellOf(result.rows[row]?.[place]),
      })),
    [result],
  );
  const rows = useMemo(() => result.rows.map((_, place) => place), [result]);
  return (
    <DataTable
      name="rows"
      one="row"
      rows={rows}
      columns={columns}
      rowId={String}
      note={`${result.truncated ? "cut at the limit · " : ""}${watermarkText(result.watermark)}`}
      empty={<p className={styles.muted}>The question has no rows.</p>}
    />
  );
}

function cellOf(value: unknown): CsvCell {
  if (value === null || value === undefined) return null;
  if (typeof value === "number" || typeof value === "string" || typeof value === "boolean") return value;
  return JSON.stringify(value);
}

function Tables() {
  const schema = useQuery(schemaQuery);
  return (
    <Section title="Tables">
      {schema.error ? <ProblemView title="The tables could not be loaded" error={schema.error} /> : null}
      <section className={styles.tables} tabIndex={0} aria-label="Tables and their columns">
        {schema.data?.map((table) => (
          <details key={table.name}>
            <summary>
              <code>{table.name}</code>
            </summary>
            <p className={styles.muted}>{table.description}</p>
            <ul>
              {table.columns.map((column) => (
                <li key={column.name}>
                  <code>{column.name}</code>
                  <span className={styles.muted}>{column.type}</span>
                </li>
              ))}
            </ul>
          </details>
        ))}
      </section>
    </Section>
  );
}
