import { Copy } from "lucide-react";
import { useMemo } from "react";
import { watermarkText } from "#/features/analytics/metrics/figures.ts";
import type { CsvCell } from "#/lib/csv.ts";
import { dateTimeExact, number, zonedTime } from "#/lib/format.ts";
import { Button } from "#/ui/button.tsx";
import { copyText } from "#/ui/copy-button.tsx";
import { DataTable } from "#/ui/data-table.tsx";
import type { Column } from "#/ui/table-model.ts";
import { toast } from "#/ui/toasts.ts";
import { isNumber } from "./chart-of.ts";
import type { SqlColumn, SqlResult } from "./queries.ts";
import styles from "./sql.module.css";

/** The rows of an answer. */
export function ResultTable({ result }: { result: SqlResult }) {
  const columns = useMemo(() => result.columns.map((column, place) => columnOf(column, place, result.rows)), [result]);
  const rows = useMemo(() => result.rows.map((_, place) => place), [result]);
  const copy = () => {
    void copyText(tabbed(result)).then((done) => done && toast(`Copied ${number(result.rows.length)} rows`));
  };
  const cut = result.truncated ? "cut here, download for all · " : "";
  return (
    <DataTable
      name="rows"
      one="row"
      rows={rows}
      columns={columns}
      rowId={String}
      note={
        <span className={styles.note}>
          {cut}
          {watermarkText(result.watermark)}
          {result.as_of ? ` · as known at ${zonedTime(result.as_of)}` : ""}
          {result.rows.length > 0 ? (
            <Button look="quiet" size="small" icon={<Copy size={14} aria-hidden="true" />} onClick={copy}>
              Copy rows
            </Button>
          ) : null}
        </span>
      }
      empty={<p className={styles.muted}>The question has no rows. {watermarkText(result.watermark)}</p>}
    />
  );
}

function columnOf(column: SqlColumn, place: number, rows: SqlResult["rows"]): Column<number> {
  return {
    id: `${place}.${column.name}`,
    header: column.name,
    hint: column.type,
    align: isNumber(column) ? "right" : "left",
    ...(column.type === "timestamp" ? { width: 210 } : {}),
    value: (row) => plain(rows[row]?.[place]),
    cell: (row) => <Value value={rows[row]?.[place]} kind={column.type} />,
  };
}

/** A value as it is sorted and exported. */
export function plain(value: unknown): CsvCell {
  if (value === null || value === undefined) return null;
  if (typeof value === "number" || typeof value === "string" || typeof value === "boolean") return value;
  return JSON.stringify(value);
}

/** An answer as text that a spreadsheet takes from the clipboard. */
export function tabbed({ columns, rows }: Pick<SqlResult, "columns" | "rows">): string {
  const clean = (text: string) => text.replaceAll(/[\t\r\n]+/g, " ");
  const lines = rows.map((row) => row.map((value) => clean(String(plain(value) ?? ""))).join("\t"));
  return [columns.map((column) => clean(column.name)).join("\t"), ...lines].join("\n");
}

function Value({ value, kind }: { value: unknown; kind: string }) {
  if (value === null || value === undefined) return <span className={styles.none}>null</span>;
  if (value === "") return <span className={styles.none}>&quot;&quot;</span>;
  if (kind === "timestamp" && typeof value === "string") {
    return (
      <time dateTime={value} title={`${value.replace("T", " ").replace("Z", "")} UTC`}>
        {dateTimeExact(value)}
      </time>
    );
  }
  if (typeof value === "number" && !Number.isInteger(value)) {
    return <span title={String(value)}>{Number(value.toPrecision(10))}</span>;
  }
  const text = String(plain(value));
  return <span title={text}>{text}</span>;
}
