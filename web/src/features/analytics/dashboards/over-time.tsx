import { useCallback, useMemo } from "react";
import { plain } from "#/features/analytics/metrics/figures.ts";
import type { FigureValue } from "#/features/analytics/metrics/queries.ts";
import { addDays } from "#/lib/dates.ts";
import { money, moneyShort, period, periodShort } from "#/lib/format.ts";
import { Chart } from "#/ui/chart.tsx";
import type { ChartData } from "#/ui/chart-model.ts";
import { firstIncomplete, type Home } from "./queries.ts";

type Point = Home["over_time"]["points"][number];

const PERIODS = { day: "Day", week: "Week", month: "Month", quarter: "Quarter" } as const;

interface OverTimeProps {
  home: Home | undefined;
  today: string;
  onZoom: (from: string, to: string) => void;
}

/** Pipeline, marketing's part of it, spend and plan; what is not over yet is drawn apart. */
export function OverTime({ home, today, onZoom }: OverTimeProps) {
  const currency = home?.currency ?? "EUR";
  const points = home?.over_time.points;
  const grain = home?.over_time.grain ?? "week";
  const data = useMemo<ChartData | null>(() => {
    if (!points) return null;
    // What has not begun yet is no fall to zero.
    const sofar = (value: (point: Point) => FigureValue) =>
      points.map((point) => (point.period.value > today ? null : plain(value(point))));
    return {
      kind: "line",
      categoryName: PERIODS[grain],
      categories: points.map((point) => point.period.value),
      incompleteFrom: firstIncomplete(points),
      series: [
        { name: "Pipeline", values: sofar((point) => point.pipeline), colour: "var(--accent)" },
        {
          name: "Marketing’s part",
          values: sofar((point) => point.pipeline_contribution),
          colour: "var(--series-4)",
          filled: true,
        },
        { name: "Spend", values: sofar((point) => point.spend), colour: "var(--series-1)", kind: "step" },
        {
          name: "Plan",
          values: points.map((point) => (point.plan ? plain(point.plan) : null)),
          look: "plan",
          kind: "step",
        },
      ],
    };
  }, [points, today, grain]);
  const label = useCallback((first: string) => period(first, grain), [grain]);
  const labelShort = useCallback((first: string) => periodShort(first, grain), [grain]);
  const format = useCallback((value: number) => money({ amount: value.toFixed(2), currency }), [currency]);
  const short = useCallback((value: number) => moneyShort({ amount: String(value), currency }), [currency]);
  const zoom = useCallback(
    (from: string, to: string) => {
      const next = points?.[(points.findIndex((point) => point.period.value === to) ?? -2) + 1];
      onZoom(from, next ? addDays(next.period.value, -1) : (home?.range.to ?? to));
    },
    [points, onZoom, home?.range.to],
  );
  return (
    <Chart
      title="Pipeline and spend over time"
      data={data}
      height={160}
      format={format}
      formatShort={short}
      categoryLabel={label}
      categoryLabelShort={labelShort}
      onZoom={zoom}
      note={points?.every((point) => !point.plan) ? "no plan for these dates" : undefined}
    />
  );
}
