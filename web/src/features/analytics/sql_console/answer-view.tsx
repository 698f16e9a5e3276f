import { Button } from "#/ui/button.tsx";
import { ProblemView } from "#/ui/problem-view.tsx";
import { Skeleton } from "#/ui/skeleton.tsx";
import { Stale } from "#/ui/stale.tsx";
import { Tabs } from "#/ui/tabs.tsx";
import { PlanView } from "./plan-view.tsx";
import type { ChartSpec } from "./queries.ts";
import { ResultChart } from "./result-chart.tsx";
import { ResultTable } from "./result-table.tsx";
import styles from "./sql.module.css";
import type { Asking } from "./use-asking.ts";

/** How an answer is shown. */
export type View = "table" | "chart" | "plan";

interface AnswerViewProps {
  asking: Asking;
  view: View;
  onView: (view: View) => void;
  chart: ChartSpec | undefined;
  onChart: (chart: ChartSpec) => void;
  /** The name of the open question. */
  name: string | undefined;
  onExplain: () => void;
}

const FAILED = {
  rows: "The question could not be answered",
  plan: "The plan could not be made",
  csv: "The file could not be made",
  parquet: "The file could not be made",
  arrow: "The file could not be made",
};

/** The answer as a table, as a chart, and how it was found. */
export function AnswerView({ asking, view, onView, chart, onChart, name, onExplain }: AnswerViewProps) {
  const { answer, plan, problem, doing } = asking;
  const wrong = problem ? <ProblemView title={FAILED[problem.doing]} error={problem.error} /> : null;
  if (!answer && !plan) {
    return (
      <>
        {wrong}
        {doing === "rows" || doing === "plan" ? <Skeleton height={200} /> : null}
      </>
    );
  }
  const none = <p className={styles.muted}>Run the question to see its rows.</p>;
  return (
    <>
      {wrong}
      <Stale when={doing === "rows" || doing === "plan"}>
        <Tabs
          label="Forms of the answer"
          value={view}
          onChange={onView}
          tabs={[
            { value: "table", label: "Table", content: answer ? <ResultTable result={answer.result} /> : none },
            {
              value: "chart",
              label: "Chart",
              content: answer ? (
                <ResultChart result={answer.result} spec={chart} onSpec={onChart} title={name ?? "Answer"} />
              ) : (
                none
              ),
            },
            {
              value: "plan",
              label: "Plan",
              content: plan ? (
                <PlanView plan={plan} />
              ) : (
                <Button onClick={onExplain} busy={doing === "plan"}>
                  Explain plan
                </Button>
              ),
            },
          ]}
        />
      </Stale>
    </>
  );
}
