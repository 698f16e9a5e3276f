import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { lazy, Suspense, useCallback, useMemo } from "react";
import { useSession } from "#/app/session.ts";
import {
  cellText,
  figureShort,
  figureText,
  plain,
  tileFigure,
  watermarkText,
} from "#/features/analytics/metrics/figures.ts";
import type { DrillRequest } from "#/features/analytics/metrics/queries.ts";
import { classNames } from "#/lib/class-names.ts";
import { addDays, quarterStart, today } from "#/lib/dates.ts";
import { day, money, moneyShort } from "#/lib/format.ts";
import { buttonClass } from "#/ui/button.tsx";
import { Chart } from "#/ui/chart.tsx";
import type { ChartData } from "#/ui/chart-model.ts";
import { Delta } from "#/ui/delta.tsx";
import { EmptyState } from "#/ui/empty-state.tsx";
import { Page } from "#/ui/page.tsx";
import { ProblemView } from "#/ui/problem-view.tsx";
import { Tile } from "#/ui/tile.tsx";
import { ChannelTable } from "./channel-table.tsx";
import { HomeFilters } from "./home-filters.tsx";
import styles from "./home-page.module.css";
import { NeedsDecision } from "./needs-decision.tsx";
import { type Explain, type ExplainKey, type Home, type HomeSearch, type HomeTile, homeQuery } from "./queries.ts";

const DrillDrawer = lazy(() =>
  import("#/features/analytics/metrics/drill-drawer.tsx").then((module) => ({ default: module.DrillDrawer })),
);

const route = getRouteApi("/shell/");

/** One screen for the director: what changed, six figures, pipeline and spend, channels, what needs a decision. */
export function HomePage() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const { workspace } = useSession();
  const day = today(workspace.time_zone);
  const range = { from: search.from ?? quarterStart(day), to: search.to ?? day };
  const home = useQuery(homeQuery({ ...search, ...range }));
  const change = useCallback(
    (part: Partial<HomeSearch>) => void navigate({ search: (before) => ({ ...before, ...part }), replace: true }),
    [navigate],
  );
  const explain = useCallback<Explain>(
    (metric, key) => change({ explain: metric, channel: key?.channel, page: key?.page }),
    [change],
  );
  const close = useCallback(() => change({ explain: undefined, channel: undefined, page: undefined }), [change]);
  const { explain: metric, channel, page } = search;
  const request = useMemo(
    () => (home.data && metric ? requestOf(home.data, metric, { channel, page }) : undefined),
    [home.data, metric, channel, page],
  );
  return (
    <Page title="Home" filters={<HomeFilters search={search} range={range} onChange={change} />}>
      {home.error ? (
        <ProblemView title="Home could not be loaded" error={home.error} onRetry={() => void home.refetch()} />
      ) : (
        <Body home={home.data} onExplain={explain} onZoom={(from, to) => change({ from, to })} />
      )}
      {request ? (
        <Suspense>
          <DrillDrawer request={request} onClose={close} />
        </Suspense>
      ) : null}
    </Page>
  );
}

/** The question behind one number: the metric alone, or narrowed to one row. */
function requestOf(home: Home, metric: string, { channel, page }: ExplainKey): DrillRequest {
  const [dimension, value] = channel === undefined ? ["page", page] : ["channel", channel];
  const query = { ...home.query, metrics: [metric], dimensions: value === undefined ? [] : [dimension] };
  return value === undefined ? { query, metric } : { query, metric, key: [value] };
}

interface BodyProps {
  home: Home | undefined;
  onExplain: Explain;
  onZoom: (from: string, to: string) => void;
}

function Body({ home, onExplain, onZoom }: BodyProps) {
  if (home && isEmpty(home)) return <NothingYet />;
  return (
    <>
      <div className={styles.changes} aria-live="polite">
        {home ? (
          <Changes home={home} onExplain={onExplain} />
        ) : (
          <span className={styles.muted}>Reading the period</span>
        )}
      </div>
      <div className={styles.tiles}>
        {home
          ? home.tiles.map((tile) => <HomeTileView key={tile.metric} tile={tile} home={home} onExplain={onExplain} />)
          : TILE_NAMES.map((name) => <Tile key={name} label={name} figure={{ state: "loading" }} />)}
      </div>
      <div className={styles.columns}>
        <div className={styles.stack}>
          <OverTime home={home} onZoom={onZoom} />
          <ChannelTable home={home} onExplain={onExplain} />
        </div>
        <div className={styles.stack}>
          <NeedsDecision decisions={home?.decisions} />
          <Content home={home} onExplain={onExplain} />
        </div>
      </div>
      {home?.notes.map((note) => (
        <p key={note} className={styles.muted}>
          {note}
        </p>
      ))}
    </>
  );
}

function Content({ home, onExplain }: { home: Home | undefined; onExplain: Explain }) {
  return (
    <section className={styles.box} aria-label="Content that assisted pipeline">
      <h2>Content that assisted pipeline</h2>
      {home?.content.length === 0 ? (
        <p className={styles.muted}>No page was seen before a deal in this period.</p>
      ) : null}
      {home?.content.slice(0, 6).map((row) => (
        <div key={row.page.value} className={styles.pageRow}>
          <span title={row.page.label}>{row.page.label}</span>
          <button
            type="button"
            className={styles.number}
            aria-label={`Pipeline assisted by ${row.page.label}: ${cellText(row.pipeline, "money")}`}
            title={cellText(row.pipeline, "money")}
            onClick={() => onExplain("content_assisted_pipeline", { page: row.page.value })}
          >
            {row.pipeline.value ? figureShort(row.pipeline.value, "money") : "–"}
          </button>
        </div>
      ))}
    </section>
  );
}

const TILE_NAMES = [
  "Pipeline contribution",
  "Marketing-sourced revenue",
  "CAC",
  "Payback",
  "Spend",
  "Campaign velocity",
];

function isEmpty(home: Home): boolean {
  const nothing = home.tiles.every((tile) => !tile.value.value || plain(tile.value.value) === 0);
  return nothing && home.watermark.offset === 0 && !home.watermark.at;
}

function NothingYet() {
  return (
    <EmptyState
      title="Nothing to decide on yet"
      actions={
        <>
          <Link to="/connect" className={buttonClass("primary")}>
            Connect a source
          </Link>
          <Link to="/imports" className={buttonClass()}>
            Import deals and spend
          </Link>
        </>
      }
    >
      Home shows what marketing contributed, what it cost, and what needs a decision. It needs three things: events from
      a website or a product, deals, and spend.
    </EmptyState>
  );
}

function Changes({ home, onExplain }: { home: Home; onExplain: Explain }) {
  if (!home.comparison) return <span className={styles.muted}>{watermarkText(home.watermark)}</span>;
  if (home.changes.length === 0) {
    return <span className={styles.muted}>Nothing moved by more than 3 % since {day(home.comparison.from)}.</span>;
  }
  return home.changes.slice(0, 3).map((change) => (
    <button
      type="button"
      key={change.metric}
      className={classNames(
        styles.change,
        change.is_good === true && styles.good,
        change.is_good === false && styles.bad,
      )}
      title="Open the rows behind it"
      onClick={() => onExplain(change.metric)}
    >
      {change.text}
    </button>
  ));
}

interface HomeTileProps {
  tile: HomeTile;
  home: Home;
  onExplain: Explain;
}

const BETTER = { up_is_good: "up", down_is_good: "down", neutral: "none" } as const;

function HomeTileView({ tile, home, onExplain }: HomeTileProps) {
  const { value, previous, change, significant, noise } = tile.value;
  const known = value !== null && value !== undefined;
  return (
    <Tile
      label={tile.name}
      figure={tileFigure(tile.value, tile.unit)}
      decision={tile.decision}
      trend={tile.trend.map((point) => (point.value === null || point.value === undefined ? null : plain(point.value)))}
      watermark={watermarkText(home.watermark)}
      onOpen={() => onExplain(tile.metric)}
      comparison={
        known && home.comparison ? (
          <Delta
            change={change ?? null}
            against={
              previous === null || previous === undefined
                ? "nothing before"
                : figureShort(previous, tile.unit === "per_month" ? "count" : tile.unit)
            }
            better={BETTER[tile.direction]}
            significant={significant ?? true}
            noise={noise ? `Chance alone moves it by ±${noiseText(noise, tile, home.currency)}` : undefined}
          />
        ) : tile.beside?.value.value !== null && tile.beside?.value.value !== undefined ? (
          <span className={styles.muted}>
            {tile.beside.name}: {figureText(tile.beside.value.value, tile.beside.unit)}
          </span>
        ) : null
      }
    />
  );
}

function noiseText(noise: number, tile: HomeTile, currency: string): string {
  const unit = tile.unit === "per_month" ? "count" : tile.unit;
  return figureShort(unit === "money" ? { amount: noise.toFixed(2), currency } : noise, unit);
}

function OverTime({ home, onZoom }: { home: Home | undefined; onZoom: (from: string, to: string) => void }) {
  const currency = home?.currency ?? "EUR";
  const points = home?.over_time.points;
  const data = useMemo<ChartData | null>(() => {
    if (!points) return null;
    return {
      kind: "line",
      categoryName: "Period",
      categories: points.map((point) => point.period.value),
      series: [
        { name: "Pipeline", values: points.map((point) => plain(point.pipeline)) },
        {
          name: "Marketing’s part",
          values: points.map((point) => plain(point.pipeline_contribution)),
          colour: "var(--channel-6)",
        },
        { name: "Spend", values: points.map((point) => plain(point.spend)), colour: "var(--channel-2)", kind: "step" },
        {
          name: "Plan",
          values: points.map((point) => (point.plan ? plain(point.plan) : null)),
          look: "plan",
          kind: "step",
        },
      ],
    };
  }, [points]);
  const labels = useMemo(() => new Map(points?.map((point) => [point.period.value, point.period.label])), [points]);
  const label = useCallback((category: string) => labels.get(category) ?? category, [labels]);
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
      onZoom={zoom}
    />
  );
}
