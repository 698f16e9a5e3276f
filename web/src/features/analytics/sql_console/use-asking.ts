import { useCallback, useEffect, useRef, useState } from "react";
import { type ApiProblem, asProblem } from "#/api/problem.ts";
import {
  ask,
  type ExportFormat,
  explain,
  exportFile,
  type Question,
  type SqlPlan,
  type SqlResult,
  useCancelRun,
} from "./queries.ts";
import { fileName } from "./statement.ts";

/** What is being done, or was done last. */
export type Doing = "rows" | "plan" | ExportFormat;

/** The state of the console's questions. */
export interface Asking {
  /** What runs now. */
  doing: Doing | undefined;
  /** Its name. */
  run: string | undefined;
  /** Since when, in milliseconds. */
  since: number;
  /** The last answer, kept while the next is on its way. */
  answer: { result: SqlResult; question: Question; took: number } | undefined;
  /** The last plan. */
  plan: SqlPlan | undefined;
  /** What went wrong last; gone with the next question. */
  problem: { error: ApiProblem; sql: string; doing: Doing } | undefined;
  /** Whether the last question was cancelled here. */
  cancelled: boolean;
}

const IDLE: Asking = {
  doing: undefined,
  run: undefined,
  since: 0,
  answer: undefined,
  plan: undefined,
  problem: undefined,
  cancelled: false,
};

/** How a question ended. */
export type Ended = { rows: number } | { problem: string } | { cancelled: true };

function newRun(): string {
  const parts = crypto.getRandomValues(new Uint32Array(3));
  return `page-${Array.from(parts, (part) => part.toString(36)).join("-")}`;
}

/** Asks one question at a time; a new one, or leaving the page, stops the one before. */
export function useAsking(onEnd: (sql: string, ended: Ended) => void) {
  const [state, setState] = useState<Asking>(IDLE);
  const abort = useRef<AbortController>(undefined);
  const ended = useRef(onEnd);
  ended.current = onEnd;
  const stopThere = useCancelRun().mutate;
  useEffect(() => () => abort.current?.abort(), []);
  const begin = useCallback((doing: Doing, sql: string, asOf: string | undefined) => {
    abort.current?.abort();
    const control = new AbortController();
    abort.current = control;
    const question: Question = { sql, asOf, run: newRun() };
    const since = Date.now();
    setState((before) => ({ ...before, doing, run: question.run, since, problem: undefined, cancelled: false }));
    const finish = (change: Partial<Asking>) => {
      if (abort.current !== control) return;
      abort.current = undefined;
      setState((before) => ({ ...before, ...change, doing: undefined, run: undefined }));
    };
    const fail = (error: unknown) => {
      if (control.signal.aborted) {
        finish({ cancelled: true });
        if (doing === "rows") ended.current(sql, { cancelled: true });
        return;
      }
      const problem = asProblem(error);
      finish({ problem: { error: problem, sql, doing } });
      if (doing === "rows") ended.current(sql, { problem: problem.message });
    };
    return { control, question, since, finish, fail };
  }, []);
  const run = useCallback(
    (sql: string, asOf: string | undefined) => {
      const { control, question, since, finish, fail } = begin("rows", sql, asOf);
      ask(question, control.signal).then((result) => {
        finish({ answer: { result, question, took: Date.now() - since }, plan: undefined });
        ended.current(sql, { rows: result.rows.length });
      }, fail);
    },
    [begin],
  );
  const showPlan = useCallback(
    (sql: string, asOf: string | undefined) => {
      const { control, question, finish, fail } = begin("plan", sql, asOf);
      explain(question, control.signal).then((plan) => finish({ plan }), fail);
    },
    [begin],
  );
  const save = useCallback(
    (sql: string, asOf: string | undefined, format: ExportFormat, name: string | undefined) => {
      const { control, question, finish, fail } = begin(format, sql, asOf);
      exportFile(question, format, control.signal).then((blob) => {
        hand(`${fileName(name)}.${ENDINGS[format]}`, blob);
        finish({});
      }, fail);
    },
    [begin],
  );
  const cancel = useCallback(() => {
    const { run: name } = state;
    abort.current?.abort();
    // What stands between may keep the connection open: the server is told as well.
    if (name !== undefined) stopThere(name);
  }, [state, stopThere]);
  /** Another question is opened: what belongs to the one before is gone. */
  const clear = useCallback(() => {
    abort.current?.abort();
    abort.current = undefined;
    setState(IDLE);
  }, []);
  return { state, run, showPlan, save, cancel, clear };
}

const ENDINGS: Record<ExportFormat, string> = { csv: "csv", arrow: "arrows", parquet: "parquet" };

function hand(name: string, blob: Blob): void {
  const url = URL.createObjectURL(blob);
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
