import { useQueryClient } from "@tanstack/react-query";
import { useActorNames } from "#/app/actors.ts";
import { useMay } from "#/app/session.ts";
import { JobProgress } from "#/features/platform/jobs/job-progress.tsx";
import { isFinal, useCancelJob, useJob } from "#/features/platform/jobs/queries.ts";
import { Button } from "#/ui/button.tsx";
import { Moment } from "#/ui/moment.tsx";
import { Section } from "#/ui/section.tsx";
import { MovesView } from "./moves-view.tsx";
import { type RuleVersion, useApplyRules } from "./queries.ts";
import styles from "./rules.module.css";

/** The version in use, and how far history has come to it. */
export function VersionStatus({ version }: { version: RuleVersion }) {
  const queries = useQueryClient();
  const name = useActorNames();
  const waiting = version.applied ? undefined : (version.job ?? undefined);
  const job = useJob(waiting, () => void queries.invalidateQueries({ queryKey: ["channel-rules"] }));
  const cancel = useCancelJob();
  const apply = useApplyRules();
  const mayCancel = useMay("jobs.write");
  const mayApply = useMay("workspace.write");
  const stopped = job && isFinal(job.state) && job.state !== "done";
  return (
    <Section title={`Version ${version.version}`}>
      {version.saved_at && version.saved_by ? (
        <p>
          Saved by {name(version.saved_by)}, <Moment at={version.saved_at} />
          {version.note ? `: ${version.note}` : ""}. New events follow it since then.
        </p>
      ) : (
        <p>The rules of the program alone. Add your own below; they come first.</p>
      )}
      {version.applied ? (
        <>
          <p>
            Events from before follow it since <Moment at={version.applied.at} />. Questions as of an earlier moment
            still get the answer of then.
          </p>
          <MovesView found={version.applied} would={false} />
        </>
      ) : null}
      {job && !stopped && !version.applied ? (
        <JobProgress
          job={job}
          label="Bringing events from before to this version"
          onCancel={mayCancel ? () => cancel.mutate(job.id) : undefined}
        />
      ) : null}
      {stopped ? (
        <div className={styles.stack}>
          <p role="status">
            {job.state === "cancelled" ? "It was stopped" : `It failed: ${job.error ?? "no reason is known"}`}: events
            from before still follow the version before.
          </p>
          {mayApply ? (
            <Button className={styles.add} busy={apply.isPending} onClick={() => apply.mutate()}>
              Apply to events from before
            </Button>
          ) : null}
        </div>
      ) : null}
    </Section>
  );
}
