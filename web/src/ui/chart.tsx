import { Ellipsis, Link2, Printer, Table2 } from "lucide-react";
import { lazy, type ReactNode, Suspense, useId, useMemo, useState } from "react";
import { classNames } from "#/lib/class-names.ts";
import { csvText, download } from "#/lib/csv.ts";
import { number, numberShort } from "#/lib/format.ts";
import styles from "./chart.module.css";
import { type ChartData, categoryText, isIncomplete, withOther } from "./chart-model.ts";
import { seriesColour } from "./chart-options.ts";
import { copyText } from "./copy-button.tsx";
import { DataTable } from "./data-table.tsx";
import { IconButton } from "./icon-button.tsx";
import { Menu } from "./menu.tsx";
import { Skeleton } from "./skeleton.tsx";
import type { Column } from "./table-model.ts";
import { toast } from "./toasts.ts";

const ChartCanvas = lazy(() => import("./chart-canvas.tsx").then((module) => ({ default: module.ChartCanvas })));

interface ChartProps {
  title: string;
  /** Null while the numbers are on their way; the place is kept. */
  data: ChartData | null;
  height?: number;
  /** Writes a value in full. Give a stable function. */
  format?: (value: number) => string;
  /** Writes a value short, on the axis. Give a stable function. */
  formatShort?: (value: number) => string;
  /** Writes a category, for example a date. Give a stable function. */
  categoryLabel?: (category: string) => string;
  /** Writes a category short, on the axis; as elsewhere when absent. Give a stable function. */
  categoryLabelShort?: (category: string) => string;
  /** Called with the first and the last category that were brushed. */
  onZoom?: (from: string, to: string) => void;
  onPick?: (category: string) => void;
  /** Stands at the right of the title. */
  actions?: ReactNode;
  /** What a reader must know of what is shown, for example how much of it. */
  note?: ReactNode;
}

const same = (category: string) => category;
const full = (value: number) => number(value);
const short = (value: number) => numberShort(value);

/** A chart that is also a table, a file and a link. */
export function Chart(props: ChartProps) {
  const {
    title,
    height = 260,
    format = full,
    formatShort = short,
    categoryLabel = same,
    categoryLabelShort = categoryLabel,
    onZoom,
    onPick,
    actions,
  } = props;
  const id = useId();
  const [asTable, setAsTable] = useState(false);
  const data = useMemo(() => (props.data ? withOther(props.data) : null), [props.data]);
  const save = () => {
    if (!data) return;
    const open = data.incompleteFrom !== undefined;
    const rows = data.categories.map((category, place) => [
      category,
      ...data.series.map((one) => one.values[place]),
      ...(open ? [isIncomplete(data, place) ? "no" : "yes"] : []),
    ]);
    const header = [data.categoryName, ...data.series.map((one) => one.name), ...(open ? ["Over"] : [])];
    download(`${title.toLowerCase().replaceAll(/\W+/g, "-")}.csv`, csvText(header, rows));
  };
  const copy = () => void copyText(location.href).then((done) => done && toast("Copied the link to this view"));
  const groups = [
    [
      {
        label: asTable ? "Show as chart" : "Show as table",
        icon: <Table2 size={14} />,
        onSelect: () => setAsTable(!asTable),
      },
      { label: "Save as CSV", onSelect: save },
    ],
    [
      { label: "Copy link", icon: <Link2 size={14} />, onSelect: copy },
      { label: "Print", icon: <Printer size={14} />, onSelect: () => window.print() },
    ],
  ];
  const canvas = {
    height,
    format,
    formatShort,
    categoryLabel,
    categoryLabelShort,
    onZoom,
    onPick,
    label: `${title}, as a chart`,
  };
  return (
    <section className={styles.chart} aria-labelledby={id}>
      <div className={styles.head}>
        <div>
          <h2 id={id}>{title}</h2>
          {data ? null : <div className={styles.legend}>Reading the numbers</div>}
          {data && data.series.length > 1 ? <Legend data={data} note={props.note} /> : null}
        </div>
        <div className={styles.place}>
          {actions}
          <Menu
            groups={groups}
            trigger={
              <IconButton size="small" label={`More for ${title}`} icon={<Ellipsis size={16} aria-hidden="true" />} />
            }
          />
        </div>
      </div>
      {asTable && data ? (
        <div className={styles.table} style={{ maxHeight: height }}>
          <ChartTable title={title} data={data} format={format} categoryLabel={categoryLabel} />
        </div>
      ) : (
        <div style={{ height }}>
          {data ? (
            <Suspense fallback={<Skeleton height={height} />}>
              <ChartCanvas {...canvas} data={data} />
            </Suspense>
          ) : (
            <Skeleton height={height} />
          )}
        </div>
      )}
    </section>
  );
}

function Legend({ data, note }: { data: ChartData; note: ReactNode }) {
  return (
    <div className={styles.legend}>
      {data.series.map((series, place) => (
        <span key={series.name} className={styles.key}>
          <span
            className={classNames(styles.mark, (series.look === "plan" || series.look === "forecast") && styles.dashed)}
            style={{ borderTopColor: seriesColour(series, place) }}
            aria-hidden="true"
          />
          {series.name}
        </span>
      ))}
      {data.incompleteFrom !== undefined && data.kind !== "bar" ? <span>dashed at the end: not over yet</span> : null}
      {note ? <span>{note}</span> : null}
    </div>
  );
}

interface ChartTableProps {
  title: string;
  data: ChartData;
  format: (value: number) => string;
  categoryLabel: (category: string) => string;
}

function ChartTable({ title, data, format, categoryLabel }: ChartTableProps) {
  const columns = useMemo<Column<number>[]>(
    () => [
      { id: "category", header: data.categoryName, value: (row) => categoryText(data, row, categoryLabel) },
      ...data.series.map(
        (series, place): Column<number> => ({
          id: `series-${place}`,
          header: series.name,
          align: "right",
          width: 130,
          value: (row) => series.values[row],
          cell: (row) => {
            const value = series.values[row];
            return value === null || value === undefined ? "–" : format(value);
          },
        }),
      ),
    ],
    [data, format, categoryLabel],
  );
  const rows = useMemo(() => data.categories.map((_, place) => place), [data]);
  return <DataTable name={title} rows={rows} columns={columns} rowId={String} bare />;
}
