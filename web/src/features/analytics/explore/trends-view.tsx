import { useCallback, useMemo } from "react";
import { useMay, useSession } from "#/app/session.ts";
import { channelColour, isChannel } from "#/lib/channels.ts";
import { today } from "#/lib/dates.ts";
import { dateTime, money, moneyShort, period, periodShort, signedPercent } from "#/lib/format.ts";
import { Chart } from "#/ui/chart.tsx";
import { type ChartData, type ChartSeries, SERIES_MAX } from "#/ui/chart-model.ts";
import { DataTable } from "#/ui/data-table.tsx";
import { EmptyState } from "#/ui/empty-state.tsx";
import { Section } from "#/ui/section.tsx";
import type { Column } from "#/ui/table-model.ts";
import styles from "./explore.module.css";
import { measureShort, measureText } from "./measure-text.ts";
import {
  type AskOf,
  type Cell,
  type ExploreAnswer,
  eventLabel,
  type FoundOf,
  groupLabel,
  hiddenGroups,
  MEASURES,
  type Measure,
  numeric,
  ofProperty,
  ofSessions,
} from "./model.ts";
import { NumberButton } from "./number-button.tsx";
import type { Choices } from "./queries.ts";

type Line = FoundOf<"trends">["lines"][number];

interface TrendsViewProps {
  ask: AskOf<"trends">;
  found: FoundOf<"trends">;
  answer: ExploreAnswer;
  choices: Choices;
  onOpen: (cell: Cell) => void;
  onZoom: (from: string, to: string) => void;
}

/** Lines that no channel's colour fits. */
const STEPS = [
  "var(--accent)",
  "var(--channel-2)",
  "var(--channel-6)",
  "var(--channel-4)",
  "var(--channel-9)",
  "var(--channel-7)",
  "var(--channel-10)",
];

/** How it developed, as lines; the numbers below, each with the people behind it. */
export function TrendsView({ ask, found, choices, onOpen, onZoom }: TrendsViewProps) {
  const { workspace } = useSession();
  const grain = ask.granularity ?? "day";
  const names = useMemo(() => namesOf(found.lines, ask, choices), [found, ask, choices]);
  // What is broken down is shown by its parts; the whole stands in the table.
  const drawn = useMemo(() => {
    const parts = found.lines.filter((line) => line.group);
    return (parts.length > 0 ? parts : found.lines).slice(0, SERIES_MAX);
  }, [found]);
  const categories = useMemo(
    () => found.periods.map((one) => (grain === "hour" ? one.from : today(workspace.time_zone, new Date(one.from)))),
    [found, grain, workspace.time_zone],
  );
  const currency = useMemo(() => currencyOf(found.lines), [found]);
  const data = useMemo<ChartData>(() => {
    const compared = drawn.length === 1 ? drawn.filter((line) => (line.previous?.length ?? 0) > 0) : [];
    // A part at the edge of the range is no fall; only what is still running is drawn apart.
    const open = found.periods.findIndex((one) => one.partial && Date.parse(one.to) > Date.now());
    return {
      kind: "line",
      categoryName: GRAINS[grain],
      categories,
      incompleteFrom: open === -1 ? undefined : open,
      series: [
        ...drawn.map(
          (line, place): ChartSeries => ({
            name: names.get(line) ?? "",
            values: line.values.map(numeric),
            colour: colourOf(names.get(line) ?? "", line, place),
          }),
        ),
        ...compared.map(
          (line): ChartSeries => ({
            name: `${names.get(line)}, compared`,
            values: (line.previous ?? []).map(numeric),
            look: "comparison",
          }),
        ),
      ],
    };
  }, [drawn, names, categories, found, grain]);
  const label = useCallback((from: string) => (grain === "hour" ? dateTime(from) : period(from, grain)), [grain]);
  const short = useCallback((from: string) => (grain === "hour" ? dateTime(from) : periodShort(from, grain)), [grain]);
  const format = useCallback(
    (value: number) => (currency ? money({ amount: value.toFixed(2), currency }) : measureText(value, ask.measure)),
    [currency, ask.measure],
  );
  const formatShort = useCallback(
    (value: number) => (currency ? moneyShort({ amount: String(value), currency }) : measureShort(value, ask.measure)),
    [currency, ask.measure],
  );
  const zoom = useCallback(
    (from: string, to: string) => {
      const end = found.periods[categories.indexOf(to)]?.to;
      const day = (moment: string) => today(workspace.time_zone, new Date(moment));
      if (end) onZoom(grain === "hour" ? day(from) : from, day(new Date(Date.parse(end) - 1).toISOString()));
    },
    [found, categories, grain, onZoom, workspace.time_zone],
  );
  const pick = useCallback(
    (category: string) => onOpen({ kind: "trends", series: 0, period: categories.indexOf(category) }),
    [onOpen, categories],
  );
  const mayPeople = useMay("people.read");
  const [start, ...others] = found.periods;
  const cut = start?.partial === true && others.length > 0 && Date.parse(start.to) <= Date.now();
  const measure = MEASURES.find((one) => one.value === (ask.measure ?? "people"))?.label ?? "People";
  const title = ofProperty(ask.measure) ? `${measure.replace("a property", "")}${ask.property}` : measure;
  if (found.lines.every((line) => !numeric(line.total)))
    return (
      <EmptyState title="Nothing of this happened in the period">
        No event of the question is in these dates. Choose other dates, or take away a condition.
      </EmptyState>
    );
  return (
    <>
      <Chart
        title={title}
        data={data}
        height={300}
        format={format}
        formatShort={formatShort}
        categoryLabel={label}
        categoryLabelShort={short}
        onZoom={zoom}
        {...(mayPeople ? { onPick: pick } : {})}
        note={
          partsNote(found.lines, drawn) ??
          hiddenGroups(found.groups, drawn.filter((line) => line.group && line.group !== "other").length)
        }
      />
      {cut ? (
        <p className={styles.muted}>
          The dates begin within a {grain}: the first point is only a part of one, and lower for that reason.
        </p>
      ) : null}
      <Totals lines={found.lines} measure={ask.measure} names={names} onOpen={onOpen} />
      <Points
        measure={ask.measure}
        found={found}
        names={names}
        categories={categories}
        label={label}
        grain={GRAINS[grain]}
        onOpen={onOpen}
      />
    </>
  );
}

/** The chart adds no people up: what has no room in it is in the table only. */
function partsNote(lines: Line[], drawn: Line[]): string | undefined {
  const parts = lines.filter((line) => line.group);
  return parts.length > drawn.length ? `the largest ${drawn.length}; all are in the table` : undefined;
}

const GRAINS = { hour: "Hour", day: "Day", week: "Week", month: "Month" } as const;

function namesOf(lines: Line[], ask: AskOf<"trends">, choices: Choices): Map<Line, string> {
  return new Map(
    lines.map((line) => {
      const event = eventLabel(ask.series[line.series], choices.columns);
      return [line, line.group ? groupLabel(line.group) : event];
    }),
  );
}

function colourOf(name: string, line: Line, place: number): string {
  if (line.group === "other") return "var(--channel-other)";
  if (line.group && isChannel(name)) return channelColour(name);
  return STEPS[place % STEPS.length] ?? "var(--accent)";
}

function currencyOf(lines: Line[]): string | undefined {
  for (const line of lines) if (line.total && typeof line.total !== "number") return line.total.currency;
  return undefined;
}

interface TotalsProps {
  lines: Line[];
  measure: Measure | undefined;
  names: Map<Line, string>;
  onOpen: (cell: Cell) => void;
}

function Totals({ lines, measure, names, onOpen }: TotalsProps) {
  const compared = lines.some((line) => line.previous_total !== null && line.previous_total !== undefined);
  const columns = useMemo<Column<Line>[]>(
    () => [
      { id: "name", header: "What", value: (line) => names.get(line) ?? "" },
      {
        id: "total",
        header: "In the period",
        align: "right",
        width: 150,
        value: (line) => numeric(line.total),
        cell: (line) => (
          <NumberButton
            label={`${names.get(line)} in the period`}
            text={measureText(line.total, measure)}
            onOpen={() => onOpen({ kind: "trends", series: line.series, ...(line.group ? { group: line.group } : {}) })}
          />
        ),
      },
      ...(compared
        ? [
            {
              id: "previous",
              header: "Compared",
              align: "right" as const,
              width: 130,
              value: (line: Line) => numeric(line.previous_total),
              cell: (line: Line) => <span className={styles.muted}>{measureText(line.previous_total, measure)}</span>,
            },
            {
              id: "change",
              header: "Change",
              align: "right" as const,
              width: 110,
              value: (line: Line) => changeOf(line),
              cell: (line: Line) => {
                const change = changeOf(line);
                return change === null ? "–" : signedPercent(change);
              },
            },
          ]
        : []),
    ],
    [names, measure, compared, onOpen],
  );
  return (
    <Section title="In the whole period" text={totalsText(measure)}>
      <DataTable
        name="lines"
        one="line"
        rows={lines}
        columns={columns}
        rowId={(line) => `${line.series} ${JSON.stringify(line.group ?? null)}`}
        bare
      />
    </Section>
  );
}

function totalsText(measure: Measure | undefined): string {
  if (ofSessions(measure)) return "A session counts when it began, and is of the part it came from.";
  if (ofProperty(measure)) return "Over the events that have the property.";
  return "People count once, however often they come; parts can share people.";
}

function changeOf(line: Line): number | null {
  const [now, before] = [numeric(line.total), numeric(line.previous_total)];
  return now === null || before === null || before === 0 ? null : now / before - 1;
}

interface PointsProps {
  measure: Measure | undefined;
  found: FoundOf<"trends">;
  names: Map<Line, string>;
  categories: string[];
  label: (category: string) => string;
  grain: string;
  onOpen: (cell: Cell) => void;
}

function Points({ measure, found, names, categories, label, grain, onOpen }: PointsProps) {
  const columns = useMemo<Column<number>[]>(
    () => [
      {
        id: "period",
        header: grain,
        width: 190,
        value: (place) => categories[place],
        cell: (place) => `${label(categories[place] ?? "")}${found.periods[place]?.partial ? ", in part" : ""}`,
      },
      ...found.lines.map(
        (line, at): Column<number> => ({
          id: `line-${at}`,
          header: names.get(line) ?? "",
          align: "right",
          width: 150,
          value: (place) => numeric(line.values[place]),
          cell: (place) => (
            <NumberButton
              label={`${names.get(line)}, ${label(categories[place] ?? "")}`}
              text={measureText(line.values[place], measure)}
              onOpen={
                line.values[place] === null || line.values[place] === undefined
                  ? undefined
                  : () =>
                      onOpen({
                        kind: "trends",
                        series: line.series,
                        period: place,
                        ...(line.group ? { group: line.group } : {}),
                      })
              }
            />
          ),
        }),
      ),
    ],
    [measure, found, names, categories, label, grain, onOpen],
  );
  const rows = useMemo(() => categories.map((_, place) => place), [categories]);
  return (
    <Section title={`By ${grain.toLowerCase()}`}>
      <DataTable name="points" one="point" rows={rows} columns={columns} rowId={String} />
    </Section>
  );
}
