import { useCallback, useMemo } from "react";
import { money, moneyShort } from "#/lib/format.ts";
import { Chart } from "#/ui/chart.tsx";
import type { ChartData } from "#/ui/chart-model.ts";
import type { AttributionAnswer } from "./queries.ts";

const ROWS_MAX = 8;
const MODELS_MAX = 5;

/** The largest keys with their credit under each of the first models. */
export function ModelChart({ answer, name }: { answer: AttributionAnswer; name: string }) {
  const currency = answer.totals[0]?.currency ?? "EUR";
  const data = useMemo<ChartData>(() => {
    const rows = answer.rows.slice(0, ROWS_MAX);
    return {
      kind: "bar",
      categoryName: name,
      categories: rows.map((row) => row.key.label),
      series: answer.models.slice(0, MODELS_MAX).map((model, place) => ({
        name: model.name,
        values: rows.map((row) => Number(row.values[place]?.amount ?? 0)),
        colour: `var(--series-${place + 1})`,
      })),
    };
  }, [answer, name]);
  const note = [part(answer.models.length, MODELS_MAX, "models"), part(answer.rows.length, ROWS_MAX, "rows")]
    .filter(Boolean)
    .join(", ");
  const format = useCallback((value: number) => money({ amount: value.toFixed(2), currency }), [currency]);
  const short = useCallback((value: number) => moneyShort({ amount: String(value), currency }), [currency]);
  return (
    <Chart
      title={`Credit by ${name.toLowerCase()} and model`}
      data={data}
      height={260}
      format={format}
      formatShort={short}
      note={note && `${note} shown; the table below has them all`}
    />
  );
}

/** How much of it a chart has room for; nothing to say when that is all of it. */
function part(all: number, most: number, name: string): string {
  return all > most ? `${most} of ${all} ${name}` : "";
}
