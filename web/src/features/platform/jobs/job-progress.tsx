import { useEffect, useState } from "react";
import { duration } from "#/lib/format.ts";
import { Button } from "#/ui/button.tsx";
import { Progress } from "#/ui/progress.tsx";
import styles from "./job-progress.module.css";
import { isFinal, type Job, secondsLeft } from "./queries.ts";

interface JobProgressProps {
  job: Job;
  label: string;
  /** Stops the work; absent when this user may not. */
  onCancel: (() => void) | undefined;
}

/** How far a job has come, how long the rest takes, and the way to stop it. */
export function JobProgress({ job, label, onCancel }: JobProgressProps) {
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
          {onCancel ? (
            <Button size="small" busy={job.cancelling} onClick={onCancel}>
              Cancel
            </Button>
          ) : null}
          {left === undefined ? null : <span>about {duration(left)} left</span>}
        </div>
      )}
    </div>
  );
}
