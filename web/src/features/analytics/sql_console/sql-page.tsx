import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { Plus } from "lucide-react";
import { lazy, Suspense, useCallback, useMemo, useRef, useState } from "react";
import { useSession } from "#/app/session.ts";
import { classNames } from "#/lib/class-names.ts";
import { Badge } from "#/ui/badge.tsx";
import { Button } from "#/ui/button.tsx";
import { Page } from "#/ui/page.tsx";
import { Skeleton } from "#/ui/skeleton.tsx";
import { toast } from "#/ui/toasts.ts";
import { AnswerView, type View } from "./answer-view.tsx";
import { chartText, parseChart } from "./chart-of.ts";
import type { EditorHandle } from "./editor.tsx";
import { EXAMPLES, type Example } from "./examples.ts";
import { forgetHistory, history, rememberQuestion } from "./history.ts";
import {
  type ChartSpec,
  type SavedQuery,
  type SqlTable,
  savedQueries,
  schemaQuery,
  useChangeSaved,
} from "./queries.ts";
import type { SqlSearch } from "./routes.tsx";
import { SaveDialog } from "./save-dialog.tsx";
import { Side } from "./side.tsx";
import styles from "./sql.module.css";
import { offsetOf, placeIn } from "./statement.ts";
import { Progress, Toolbar } from "./toolbar.tsx";
import { useAsking } from "./use-asking.ts";
import { useDraft } from "./use-draft.ts";

const Editor = lazy(() => import("./editor.tsx").then((module) => ({ default: module.Editor })));
const route = getRouteApi("/shell/sql");
const NO_TABLES: SqlTable[] = [];
/** Longest statement that goes into an address; a longer one is in the draft alone. */
const ADDRESS_MAX = 4_000;

/** Any question in SQL, over the same data as the reports. It reads only. */
export function SqlPage() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const { slug } = useSession().workspace;
  const schema = useQuery(schemaQuery);
  const saved = useQuery(savedQueries);
  const query = saved.data?.find((one) => one.id === search.saved);
  const draft = useDraft({ workspace: slug, q: search.q, saved: search.saved, query, loading: saved.isPending });
  const { sql } = draft;
  const [past, setPast] = useState(() => history(slug));
  const { state, run, showPlan, save, cancel, clear } = useAsking((text, ended) => {
    setPast(rememberQuestion(slug, { sql: text, at: Date.now(), ...ended }));
  });
  const editor = useRef<EditorHandle>(null);
  const change = useChangeSaved();
  const [saving, setSaving] = useState(false);
  const view: View = search.view ?? "table";
  const chart = useMemo(() => parseChart(search.chart), [search.chart]);
  const dirty = query !== undefined && (sql !== query.sql || chartText(query.chart ?? undefined) !== search.chart);
  const go = useCallback((next: SqlSearch, replace = true) => void navigate({ search: next, replace }), [navigate]);
  const chosen = () => editor.current?.selection().trim() || sql;
  const written = (): SqlSearch => ({
    ...search,
    q: sql === query?.sql || sql.length > ADDRESS_MAX ? undefined : sql,
  });
  const start = () => {
    if (chosen().trim() === "") return;
    go({ ...written(), view: search.view === "plan" ? undefined : search.view });
    run(chosen(), search.as_of);
  };
  const explainIt = () => {
    go({ ...written(), view: "plan" });
    showPlan(chosen(), search.as_of);
  };
  const open = (next: string, more: SqlSearch = {}) => {
    draft.open(next, more.saved);
    clear();
    setPast(history(slug));
    go(more, false);
  };
  const openSaved = (one: SavedQuery) => {
    const drawnAs = chartText(one.chart ?? undefined);
    open(one.sql, { saved: one.id, chart: drawnAs, view: drawnAs ? "chart" : undefined });
  };
  const openExample = (one: Example) => {
    open(one.sql, { q: one.sql, chart: chartText(one.chart), view: one.chart ? "chart" : undefined });
    run(one.sql, undefined);
  };
  const onSaved = (one: SavedQuery) => {
    draft.adopt(one.id);
    go({ ...search, q: undefined, saved: one.id });
    toast(`Saved “${one.name}”`);
  };
  const saveChanges = () => {
    if (!query) return;
    change.mutate(
      { id: query.id, version: draft.version() ?? query.version, sql, chart: chart ?? null },
      { onSuccess: onSaved },
    );
  };
  const mark = useMemo(() => markOf(sql, state.problem), [sql, state.problem]);
  return (
    <Page
      title="SQL console"
      state={query ? <OpenQuery query={query} dirty={dirty} /> : null}
      text={query?.description || "Reads the stored events and records. Nothing can be changed from here."}
      actions={
        <Button icon={<Plus size={14} aria-hidden="true" />} onClick={() => open("")}>
          New question
        </Button>
      }
    >
      <div className={styles.columns}>
        <div className={classNames(styles.stack, styles.ask)}>
          <div className={styles.frame}>
            <Suspense fallback={<Skeleton height={200} />}>
              <Editor
                label="Question"
                value={sql}
                onChange={draft.edit}
                onRun={start}
                tables={schema.data ?? NO_TABLES}
                mark={mark}
                handle={editor}
              />
            </Suspense>
          </div>
          <Toolbar
            asking={state}
            ready={sql.trim() !== ""}
            asOf={search.as_of}
            onAsOf={(as_of) => go({ ...search, as_of })}
            onRun={start}
            onCancel={cancel}
            onExplain={explainIt}
            onExport={(format) => save(chosen(), search.as_of, format, query?.name)}
            onSave={dirty && query.editable ? saveChanges : undefined}
            saving={change.isPending}
            onSaveAs={() => setSaving(true)}
          />
          <Progress asking={state} />
        </div>
        <div className={classNames(styles.stack, styles.answer)}>
          {saved.data && search.saved && !query ? (
            <p className={styles.muted}>The saved question of this address is not there, or is somebody’s own.</p>
          ) : null}
          <AnswerView
            asking={state}
            view={view}
            onView={(next) => go({ ...search, view: next === "table" ? undefined : next })}
            chart={chart}
            onChart={(next) => go({ ...search, chart: chartText(next) })}
            name={query?.name}
            onExplain={explainIt}
          />
          {sql.trim() === "" && !state.answer ? <Examples onOpen={openExample} /> : null}
        </div>
        <Side
          onInsert={(text) => editor.current?.insert(text)}
          openId={query?.id}
          onOpenSaved={openSaved}
          past={past}
          onOpenPast={(text) => open(text, { q: text.length > ADDRESS_MAX ? undefined : text })}
          onForget={() => {
            forgetHistory(slug);
            setPast([]);
          }}
        />
      </div>
      {saving ? (
        <SaveDialog
          fresh={{ sql, chart: keptChart(chart, view), name: query ? `${query.name} (copy)` : undefined }}
          onClose={() => setSaving(false)}
          onSaved={onSaved}
        />
      ) : null}
    </Page>
  );
}

/** A chart is saved when it was chosen; the first guess is made again each time. */
function keptChart(chart: ChartSpec | undefined, view: View): ChartSpec | undefined {
  return view === "chart" || chart ? chart : undefined;
}

/** Where in the whole text the mistake is that a question, perhaps a part of it, was refused for. */
function markOf(text: string, problem: { error: Error; sql: string } | undefined) {
  const place = problem ? placeIn(problem.error.message) : undefined;
  const begin = problem ? text.indexOf(problem.sql) : -1;
  if (!problem || !place || begin < 0) return undefined;
  return { offset: begin + offsetOf(problem.sql, place), message: problem.error.message };
}

function OpenQuery({ query, dirty }: { query: SavedQuery; dirty: boolean }) {
  return (
    <span className={styles.opened}>
      <strong>{query.name}</strong>
      {query.archived_at ? <Badge tone="warning">put away</Badge> : null}
      {dirty ? <Badge tone="neutral">changed, not saved</Badge> : null}
    </span>
  );
}

function Examples({ onOpen }: { onOpen: (example: Example) => void }) {
  return (
    <section className={styles.examples} aria-label="Examples">
      <h2>Begin with an example</h2>
      <p className={styles.muted}>
        Write a question above, choose a table at the side, or run one of these. The guide{" "}
        <code>docs/guides/sql.md</code> lists every table.
      </p>
      <ul>
        {EXAMPLES.map((one) => (
          <li key={one.name}>
            <button type="button" className={styles.example} onClick={() => onOpen(one)}>
              <span className={styles.name}>{one.name}</span>
              <span className={styles.muted}>{one.text}</span>
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
