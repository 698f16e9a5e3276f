import { useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useCallback } from "react";
import { useMay } from "#/app/session.ts";
import { JobProgress } from "#/features/platform/jobs/job-progress.tsx";
import { useJob } from "#/features/platform/jobs/queries.ts";
import { bytes, number } from "#/lib/format.ts";
import { KeyFacts } from "#/ui/key-facts.tsx";
import { Moment } from "#/ui/moment.tsx";
import { Page } from "#/ui/page.tsx";
import { ProblemView } from "#/ui/problem-view.tsx";
import { RecordWaiting } from "#/ui/record-waiting.tsx";
import { Tabs } from "#/ui/tabs.tsx";
import { ImportActions } from "./import-actions.tsx";
import styles from "./import-page.module.css";
import { ImportStateBadge } from "./import-state.tsx";
import { phaseOf, stepsOf } from "./import-steps.ts";
import { MappingEditor } from "./mapping-editor.tsx";
import { type Import, importQuery, isBusy, kindsQuery, useCancel } from "./queries.ts";
import { ReportView } from "./report-view.tsx";

const route = getRouteApi("/shell/imports/$id");

/** One import: what was found, what it becomes, what would change, and what changed. */
export function ImportPage() {
  const { id } = route.useParams();
  const found = useQuery(importQuery(id));
  const crumb = <Link to="/imports">Imports</Link>;
  if (!found.data) return <RecordWaiting title="Import" crumb={crumb} query={found} />;
  return <Loaded one={found.data} />;
}

const LABELS: Partial<Record<Import["state"], string>> = {
  checking: "Checking the file; nothing is written",
  applying: "Writing",
  undoing: "Taking the changes back",
};

function Loaded({ one }: { one: Import }) {
  const { view, outcome } = route.useSearch();
  const navigate = route.useNavigate();
  const queries = useQueryClient();
  const refresh = useCallback(() => {
    void queries.invalidateQueries({ queryKey: ["import", one.id] });
    void queries.invalidateQueries({ queryKey: ["imports"] });
  }, [queries, one.id]);
  const job = useJob(isBusy(one.state) && one.job ? one.job : undefined, refresh);
  const kinds = useQuery(kindsQuery);
  const kind = kinds.data?.find((other) => other.kind === one.kind);
  const mayWrite = useMay("imports.write");
  const cancel = useCancel(one.id);
  const phase = phaseOf(one);
  const steps = stepsOf(one);
  const shown = view ?? (phase && one.state !== "uploaded" && one.state !== "mapped" ? "rows" : "mapping");
  return (
    <Page
      title={one.filename}
      crumb={<Link to="/imports">Imports</Link>}
      state={<ImportStateBadge state={one.state} />}
      actions={<ImportActions one={one} />}
    >
      {one.same_as ? (
        <p className={styles.notice}>
          Exactly this file was applied before, in{" "}
          <Link to="/imports/$id" params={{ id: one.same_as }}>
            an earlier import
          </Link>
          . Applying it again changes nothing where the records still say the same.
        </p>
      ) : null}
      {steps.text ? (
        <p className={styles.notice} role={one.state === "failed" ? "alert" : undefined}>
          {steps.text}
        </p>
      ) : null}
      {isBusy(one.state) && job ? (
        <JobProgress
          job={job}
          label={LABELS[one.state] ?? "Working"}
          onCancel={mayWrite ? () => cancel.mutate() : undefined}
        />
      ) : null}
      <Tabs
        label="Import"
        value={shown}
        onChange={(next) => void navigate({ search: { view: next }, replace: true })}
        tabs={[
          {
            value: "mapping",
            label: "Columns",
            count: one.questions.length > 0 ? `${one.questions.length} open` : undefined,
            content: (
              <div className={styles.stack}>
                <FormFacts one={one} kindTitle={kind?.title} />
                {kinds.error ? <ProblemView title="The fields could not be loaded" error={kinds.error} /> : null}
                {kinds.data ? <MappingEditor one={one} kinds={kinds.data} editable={mayWrite && steps.map} /> : null}
              </div>
            ),
          },
          {
            value: "rows",
            label: phase === "check" || phase === undefined ? "What would change" : "What changed",
            content: phase ? (
              <ReportView
                one={one}
                phase={phase}
                outcome={outcome}
                onOutcome={(next) => void navigate({ search: { view: "rows", outcome: next }, replace: true })}
              />
            ) : (
              <p className={styles.muted}>Check the file first: every row gets its outcome, and nothing is written.</p>
            ),
          },
        ]}
      />
    </Page>
  );
}

function FormFacts({ one, kindTitle }: { one: Import; kindTitle: string | undefined }) {
  const { form } = one;
  return (
    <KeyFacts
      facts={[
        {
          name: "Recognised as",
          value: one.preset_title ?? (kindTitle ? `${kindTitle}, by its columns` : "nothing known"),
        },
        { name: "Header", value: form.header_line === 0 ? "none" : `on line ${number(form.header_line)}` },
        {
          name: "Size",
          value: `${bytes(one.bytes)}${typeof one.rows_total !== "number" ? "" : `, ${number(one.rows_total)} rows`}`,
        },
        { name: "Uploaded", value: <Moment at={one.created_at} /> },
      ]}
    />
  );
}
