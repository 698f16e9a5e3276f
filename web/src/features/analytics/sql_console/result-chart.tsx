import { useMemo } from "react";
import { isDate } from "#/lib/dates.ts";
import { dateTime, day, number } from "#/lib/format.ts";
import { Chart } from "#/ui/chart.tsx";
import { MultiSelect } from "#/ui/multi-select.tsx";
import { Select } from "#/ui/select.tsx";
import { drawn, fits, guess, isNumber } from "./chart-of.ts";
import type { ChartSpec, SqlResult } from "./queries.ts";
import styles from "./sql.module.css";

interface ResultChartProps {
  result: SqlResult;
  spec: ChartSpec | undefined;
  onSpec: (spec: ChartSpec) => void;
  title: string;
}

const KINDS = [
  { value: "line", label: "Line" },
  { value: "bar", label: "Bars" },
  { value: "stacked", label: "Stacked bars" },
  { value: "rows", label: "Sorted rows" },
] as const;

const NO_SERIES = "\u0000none";

/** The answer as a chart, and the choice of its columns. */
export function ResultChart({ result, spec, onSpec, title }: ResultChartProps) {
  const used = useMemo(() => (spec && fits(spec, result.columns) ? spec : guess(result)), [spec, result]);
  const shown = useMemo(() => (used ? drawn(result, used) : undefined), [used, result]);
  if (!used || !shown) {
    return (
      <p className={styles.muted}>
        {result.rows.length === 0
          ? "The question has no rows to draw."
          : "A chart needs a column with numbers, and another one for the axis."}
      </p>
    );
  }
  const notes = [
    shown.left > 0 ? `${number(shown.left)} more places are left out` : undefined,
    shown.added > 0 ? `${number(shown.added)} rows were added to others of the same place` : undefined,
    result.truncated ? `of the first ${number(result.rows.length)} rows` : undefined,
  ].filter((note) => note !== undefined);
  return (
    <div className={styles.stack}>
      <Choices result={result} spec={used} onSpec={onSpec} />
      <Chart title={title} data={shown.data} height={320} categoryLabel={label} />
      {notes.length > 0 ? <p className={styles.muted}>{notes.join(" · ")}</p> : null}
    </div>
  );
}

function label(category: string): string {
  if (isDate(category)) return day(category);
  return /^\d{4}-\d{2}-\d{2}T/.test(category) ? dateTime(category) : category;
}

function Choices({ result, spec, onSpec }: { result: SqlResult; spec: ChartSpec; onSpec: (spec: ChartSpec) => void }) {
  const option = (name: string) => ({ value: name, label: name });
  const all = result.columns.map((column) => option(column.name));
  const numbers = result.columns.filter(isNumber).map((column) => option(column.name));
  const kind = spec.kind === "bar" && spec.stacked ? "stacked" : spec.kind;
  const series = [{ value: NO_SERIES, label: "none" }, ...all.filter(({ value }) => value !== spec.x)];
  const several = spec.series === undefined || spec.series === null;
  return (
    <fieldset className={styles.choices}>
      <legend className="visually-hidden">Chart</legend>
      <Select
        form="filter"
        label="Form"
        options={KINDS}
        value={kind}
        onChange={(next) => onSpec({ ...spec, kind: next === "stacked" ? "bar" : next, stacked: next === "stacked" })}
      />
      <Select form="filter" label="Axis" options={all} value={spec.x} onChange={(x) => onSpec({ ...spec, x })} />
      {several ? (
        <MultiSelect
          label="Numbers"
          options={numbers}
          value={spec.y}
          onChange={(y) => onSpec({ ...spec, y: y.length > 0 ? y : spec.y })}
        />
      ) : (
        <Select
          form="filter"
          label="Numbers"
          options={numbers}
          value={spec.y[0] ?? null}
          onChange={(y) => onSpec({ ...spec, y: [y] })}
        />
      )}
      <Select
        form="filter"
        label="Series"
        options={series}
        value={spec.series ?? NO_SERIES}
        onChange={(next) => {
          const { series: _, ...rest } = spec;
          onSpec(next === NO_SERIES ? rest : { ...rest, y: spec.y.slice(0, 1), series: next });
        }}
      />
    </fieldset>
  );
}
