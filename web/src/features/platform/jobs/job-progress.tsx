import { useEffect, useState } from "react";
import { useMay } from "#/app/session.ts";
import { duration } from "#/lib/format.ts";
import { Button } from "#/ui/button.tsx";
import { Progress } from "#/ui/progress.tsx";
import styles from "./job-progress.module.css";
import { isFinal, type Job, secondsLeft, useCancelJob } from "./queries.ts";

/** How far a job has come, how long the rest takes, and the way to stop it. */
export function JobProgress({ job, label }: { job: Job; label: string }) {
  const may = useMay("jobs.write");
  const cancel = useCancelJob();
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1_000);
    return () => clearInterval(timer);
  }, []);
  const left = secondsLeft(job, now);
  return (
    <div className={styles.job}>
      <Progress
        label={label}
        done={job.done}
        total={job.total}
        note={job.state === "queued" ? "Waiting for a worker" : job.note}
      />
      {isFinal(job.state) ? null : (
        <div className={styles.actions}>
          {may ? (
            <Button size="small" busy={cancel.isPending || job.cancelling} onClick={() => cancel.mutate(job.id)}>
              Cancel
            </Button>
          ) : null}
          {left === undefined ? null : <span>about {duration(left)} left</span>}
        </div>
      )}
    </div>
  );
}
