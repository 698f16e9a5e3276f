import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { Fragment, lazy, Suspense, useCallback, useMemo } from "react";
import { useSession } from "#/app/session.ts";
import { useMissingPermission } from "#/app/use-places.ts";
import { cellText, figureShort, plain, watermarkText } from "#/features/analytics/metrics/figures.ts";
import { type DrillRequest, registryQuery } from "#/features/analytics/metrics/queries.ts";
import { classNames } from "#/lib/class-names.ts";
import { quarterStart, today } from "#/lib/dates.ts";
import { days } from "#/lib/format.ts";
import { sentence } from "#/lib/server-text.ts";
import { buttonClass } from "#/ui/button.tsx";
import { EmptyState } from "#/ui/empty-state.tsx";
import { Page } from "#/ui/page.tsx";
import { ProblemView } from "#/ui/problem-view.tsx";
import { SkeletonLines } from "#/ui/skeleton.tsx";
import { Stale } from "#/ui/stale.tsx";
import { Tile } from "#/ui/tile.tsx";
import { ChannelTable } from "./channel-table.tsx";
import { HomeFilters } from "./home-filters.tsx";
import styles from "./home-page.module.css";
import { HomeTileView } from "./home-tile.tsx";
import { NeedsDecision } from "./needs-decision.tsx";
import { OverTime } from "./over-time.tsx";
import { type Explain, type ExplainKey, type Home, type HomeSearch, homeQuery } from "./queries.ts";

const DrillDrawer = lazy(() =>
  import("#/features/analytics/metrics/drill-drawer.tsx").then((module) => ({ default: module.DrillDrawer })),
);

const PinnedTiles = lazy(() =>
  import("#/features/analytics/explore/pinned.tsx").then((module) => ({ default: module.PinnedTiles })),
);

const route = getRouteApi("/shell/");

/** No number is open. Each one opens as of now. */
const CLOSED = { explain: undefined, channel: undefined, page: undefined, as_of: undefined };

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
    (metric, key) => change({ ...CLOSED, explain: metric, channel: key?.channel, page: key?.page }),
    [change],
  );
  const close = useCallback(() => change(CLOSED), [change]);
  const zoom = useCallback((from: string, to: string) => change({ from, to }), [change]);
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
        <Stale when={home.isPlaceholderData}>
          <Body home={home.data} today={day} onExplain={explain} onZoom={zoom} />
        </Stale>
      )}
      {request ? (
        <Suspense>
          <DrillDrawer request={request} asOf={search.as_of} onAsOf={(as_of) => change({ as_of })} onClose={close} />
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
  today: string;
  onExplain: Explain;
  onZoom: (from: string, to: string) => void;
}

function Body({ home, today, onExplain, onZoom }: BodyProps) {
  if (home && isEmpty(home)) return <NothingYet />;
  return (
    <>
      <div className={classNames(styles.changes, !home && styles.reading)} aria-live="polite">
        {home ? (
          <Changes home={home} onExplain={onExplain} />
        ) : (
          <span className={styles.muted}>Reading the period</span>
        )}
      </div>
      <div className={styles.tiles}>
        {home
          ? home.tiles.map((tile) => (
              <HomeTileView key={tile.metric} tile={tile} home={home} today={today} onExplain={onExplain} />
            ))
          : TILE_NAMES.map((name) => <Tile key={name} label={name} figure={{ state: "loading" }} />)}
      </div>
      <div className={styles.columns}>
        <div className={styles.stack}>
          <OverTime home={home} today={today} onZoom={onZoom} />
          <ChannelTable home={home} onExplain={onExplain} />
        </div>
        <div className={styles.stack}>
          <NeedsDecision home={home} />
          <Content home={home} onExplain={onExplain} />
        </div>
      </div>
      {home ? (
        <Suspense>
          <PinnedTiles />
        </Suspense>
      ) : null}
      {home?.notes.map((note) => (
        <p key={note} className={styles.muted}>
          {sentence(note)}
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
      {home ? null : <SkeletonLines lines={8} />}
      {home?.content.slice(0, 6).map((row) => (
        <div key={row.page.value} className={styles.pageRow}>
          <span title={row.page.label}>{row.page.label}</span>
          <ContentFigure row={row} onExplain={onExplain} />
        </div>
      ))}
    </section>
  );
}

function ContentFigure({ row, onExplain }: { row: Home["content"][number]; onExplain: Explain }) {
  const text = row.pipeline.value ? figureShort(row.pipeline.value, "money") : "–";
  return (
    <button
      type="button"
      className={styles.number}
      aria-label={`Pipeline assisted by ${row.page.label}: ${text}`}
      title={cellText(row.pipeline, "money")}
      onClick={() => onExplain("content_assisted_pipeline", { page: row.page.value })}
    >
      {text}
    </button>
  );
}

const TILE_NAMES = [
  "Pipeline contribution",
  "Marketing-sourced revenue",
  "Customer acquisition cost",
  "Payback",
  "Spend",
  "Campaign velocity",
];

function isEmpty(home: Home): boolean {
  const nothing = home.tiles.every((tile) => !tile.value.value || plain(tile.value.value) === 0);
  return nothing && home.watermark.offset === 0 && !home.watermark.at;
}

function NothingYet() {
  const missing = useMissingPermission();
  const lacks = [missing("/connect"), missing("/imports")].filter((one) => one !== undefined);
  return (
    <EmptyState
      title="Nothing to decide on yet"
      actions={
        <>
          {missing("/connect") ? null : (
            <Link to="/connect" className={buttonClass("primary")}>
              Connect a source
            </Link>
          )}
          {missing("/imports") ? null : (
            <Link to="/imports" className={buttonClass()}>
              Import deals and spend
            </Link>
          )}
        </>
      }
    >
      Home shows what marketing contributed, what it cost, and what needs a decision. It needs three things: events from
      a website or a product, deals, and spend.
      {lacks.length > 0 ? (
        <>
          {" "}
          Bringing them in takes a role with <Names names={lacks} />; ask an owner of the workspace.
        </>
      ) : null}
    </EmptyState>
  );
}

function Names({ names }: { names: string[] }) {
  return names.map((name, place) => (
    <Fragment key={name}>
      {place > 0 ? " and " : ""}
      <code>{name}</code>
    </Fragment>
  ));
}

const MOST_CHANGES = 3;

function Changes({ home, onExplain }: { home: Home; onExplain: Explain }) {
  const registry = useQuery(registryQuery);
  const model = registry.data?.models.find((one) => one.id === home.model)?.name ?? home.model;
  const dates = home.comparison ? `${days(home.range)}, compared with ${days(home.comparison)}` : days(home.range);
  return (
    <>
      <span className={styles.muted} title={watermarkText(home.watermark)}>
        {dates}; {model}
      </span>
      {home.comparison && home.changes.length === 0 ? (
        <span className={styles.muted}>Nothing moved by more than 3 %.</span>
      ) : null}
      {home.changes.slice(0, MOST_CHANGES).map((change) => (
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
          {sentence(change.text)}
        </button>
      ))}
    </>
  );
}
