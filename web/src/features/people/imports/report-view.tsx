import { useInfiniteQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { RecordLink } from "#/app/record-links.tsx";
import { counted, number } from "#/lib/format.ts";
import { rowsOf } from "#/lib/pages.ts";
import { DataTable } from "#/ui/data-table.tsx";
import { Drawer } from "#/ui/drawer.tsx";
import { KeyFacts } from "#/ui/key-facts.tsx";
import { ProblemView } from "#/ui/problem-view.tsx";
import { Section } from "#/ui/section.tsx";
import type { Column } from "#/ui/table-model.ts";
import styles from "./import-page.module.css";
import { OutcomeBadge } from "./import-state.tsx";
import { total } from "./import-steps.ts";
import { type Import, OUTCOMES, type Outcome, type Phase, type RowReport, rowsQuery } from "./queries.ts";

const WOULD: Record<Outcome, string> = {
  create: "would be created",
  update: "would be changed",
  unchanged: "say this already",
  conflict: "contradict what is known",
  rejected: "cannot be read",
  skipped: "are no data",
};

const DID: Record<Outcome, string> = { ...WOULD, create: "created", update: "changed", unchanged: "said this already" };

interface ReportViewProps {
  one: Import;
  phase: Phase;
  outcome: Outcome | undefined;
  onOutcome: (outcome: Outcome | undefined) => void;
}

/** How many rows had each outcome, and the rows themselves. The counts add up to the rows of the file. */
export function ReportView({ one, phase, outcome, onOutcome }: ReportViewProps) {
  const rows = useInfiniteQuery(rowsQuery(one.id, phase, outcome));
  const items = useMemo(() => rowsOf(rows.data), [rows.data]);
  const [open, setOpen] = useState<RowReport | undefined>(undefined);
  const counts = phase === "check" ? one.checked : one.applied;
  const words = phase === "check" ? WOULD : DID;
  return (
    <div className={styles.stack}>
      {phase === "undo" ? (
        <p>
          {counted(one.undo.reverted, "change")} taken back
          {one.undo.refused > 0
            ? `, ${counted(one.undo.refused, "change")} left because the record was changed since`
            : ""}
          .
        </p>
      ) : null}
      {counts && phase !== "undo" ? (
        <>
          <fieldset className={styles.counts} style={{ border: 0, margin: 0, padding: 0 }}>
            <legend className="visually-hidden">Rows by outcome; choose one to see its rows</legend>
            {OUTCOMES.map((each) => (
              <button
                key={each}
                type="button"
                className={styles.count}
                aria-pressed={outcome === each}
                onClick={() => onOutcome(outcome === each ? undefined : each)}
              >
                <span className={styles.figure}>{number(counts[each])}</span>
                <span className={styles.muted}>{words[each]}</span>
              </button>
            ))}
          </fieldset>
          <p className={styles.muted}>
            {counted(total(counts), "row")} of the file in all.
            {counts.withdrawn
              ? ` ${counted(counts.withdrawn, "line")} of earlier files ${phase === "check" ? "to be taken back" : "taken back"}: this file has fewer rows of the same lines.`
              : ""}
            {counts.kept
              ? ` ${counted(counts.kept, "line")} of earlier files, of which this file has fewer rows, ${phase === "check" ? "to be left" : "left"} as they are: a row that contradicts or cannot be read may be about them.`
              : ""}
          </p>
        </>
      ) : null}
      {rows.error ? (
        <ProblemView title="The rows could not be loaded" error={rows.error} onRetry={() => void rows.refetch()} />
      ) : (
        <DataTable
          name="rows"
          one="row"
          rows={items}
          columns={COLUMNS}
          rowId={(row) => String(row.line)}
          loading={rows.isPending}
          onOpen={setOpen}
          openId={open ? String(open.line) : undefined}
          note={
            counts && outcome === undefined && phase !== "undo"
              ? "every row not imported, and a sample of the others"
              : undefined
          }
          empty={
            <p className={styles.muted}>{phase === "undo" ? "Nothing was left behind." : "No row has this outcome."}</p>
          }
          more={{
            available: rows.hasNextPage,
            loading: rows.isFetchingNextPage,
            fetch: () => void rows.fetchNextPage(),
          }}
        />
      )}
      <RowDrawer row={open} onClose={() => setOpen(undefined)} />
    </div>
  );
}

const COLUMNS: Column<RowReport>[] = [
  { id: "line", header: "Line", width: 84, align: "right", value: (row) => row.line, cell: (row) => number(row.line) },
  {
    id: "outcome",
    header: "Outcome",
    width: 120,
    value: (row) => row.outcome,
    cell: (row) => <OutcomeBadge outcome={row.outcome} />,
  },
  { id: "values", header: "Row", value: (row) => Object.values(row.values ?? {}).join(" · ") },
  { id: "why", header: "Why, or what changes", value: (row) => row.problem?.message ?? changesText(row) },
  {
    id: "record",
    header: "Record",
    hidden: true,
    value: (row) => row.record,
    cell: (row) => (row.record ? <RecordLink id={row.record} /> : "–"),
  },
  { id: "code", header: "Code", hidden: true, value: (row) => row.problem?.code },
];

function changesText(row: RowReport): string {
  return (row.changes ?? []).map((change) => `${change.field}: ${change.from ?? "nothing"} → ${change.to}`).join(" · ");
}

function RowDrawer({ row, onClose }: { row: RowReport | undefined; onClose: () => void }) {
  return (
    <Drawer
      open={row !== undefined}
      onClose={onClose}
      title={`Line ${row ? number(row.line) : ""}`}
      subtitle={row ? <OutcomeBadge outcome={row.outcome} /> : null}
    >
      {row?.problem ? (
        <p className={styles.notice}>
          {row.problem.message} <code>{row.problem.code}</code>
        </p>
      ) : null}
      {row?.record ? <KeyFacts facts={[{ name: "Record", value: <RecordLink id={row.record} /> }]} /> : null}
      {row?.changes?.length ? (
        <Section title="What changes">
          <KeyFacts
            facts={row.changes.map((change) => ({
              name: change.field,
              value: `${change.from ?? "nothing"} → ${change.to}`,
            }))}
          />
        </Section>
      ) : null}
      {row?.values ? (
        <Section title="What the row says">
          <KeyFacts facts={Object.entries(row.values).map(([name, value]) => ({ name, value }))} />
        </Section>
      ) : null}
    </Drawer>
  );
}
