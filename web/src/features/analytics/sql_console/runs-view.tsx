import { useQuery } from "@tanstack/react-query";
import { useActorNames } from "#/app/actors.ts";
import { useMay } from "#/app/session.ts";
import { bytes, duration, number } from "#/lib/format.ts";
import { Button } from "#/ui/button.tsx";
import { ProblemView } from "#/ui/problem-view.tsx";
import { SkeletonLines } from "#/ui/skeleton.tsx";
import { runsQuery, type SqlRun, useCancelRun } from "./queries.ts";
import styles from "./sql.module.css";
import { shortStatement } from "./statement.ts";

/** What is being answered now, and an end to it. */
export function RunsView() {
  const runs = useQuery(runsQuery);
  const cancel = useCancelRun();
  const names = useActorNames();
  const all = useMay("jobs.write");
  if (runs.error) return <ProblemView title="The running questions could not be loaded" error={runs.error} />;
  if (!runs.data) return <SkeletonLines lines={3} />;
  if (runs.data.length === 0) {
    return (
      <p className={styles.muted}>
        No question {all ? "" : "of yours "}is being answered. {all ? "Everybody’s are here while they run." : ""}
      </p>
    );
  }
  return (
    <ul className={styles.list} aria-label="Running questions">
      {runs.data.map((run) => (
        <li key={run.run} className={styles.entry}>
          <span className={styles.open}>
            <code className={styles.name} title={run.sql}>
              {shortStatement(run.sql)}
            </code>
            <span className={styles.muted}>
              {names(run.actor)} · {duration((Date.now() - Date.parse(run.since)) / 1000)} · {progressText(run)}
            </span>
          </span>
          <Button
            size="small"
            busy={cancel.isPending && cancel.variables === run.run}
            onClick={() => cancel.mutate(run.run)}
          >
            Cancel
          </Button>
        </li>
      ))}
    </ul>
  );
}

/** How far a question has come, in words. */
export function progressText(run: SqlRun): string {
  if (run.waiting) return "waits for its turn";
  const given = run.rows_given > 0 ? `, ${number(run.rows_given)} given` : "";
  if (run.rows_planned === 0) return `no events to read${given}`;
  return `${number(run.rows_read)} of ${number(run.rows_planned)} rows read (${bytes(run.bytes_read)})${given}`;
}
