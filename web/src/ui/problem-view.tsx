import { CircleAlert } from "lucide-react";
import { asProblem } from "#/api/problem.ts";
import { Button } from "./button.tsx";
import styles from "./problem-view.module.css";
import { WithCode } from "./with-code.tsx";

interface ProblemViewProps {
  error: unknown;
  /** What could not be done, for example "The people could not be loaded." */
  title: string;
  onRetry?: () => void;
}

/** What happened, why, and what to do. What the role may not see is not tried again: it would stay as it is. */
export function ProblemView({ error, title, onRetry }: ProblemViewProps) {
  const problem = asProblem(error);
  return (
    <div className={styles.problem} role="alert">
      <CircleAlert className={styles.icon} size={16} aria-hidden="true" />
      <div className={styles.body}>
        <strong>{title}</strong>
        <p>
          <WithCode text={problem.message} />
        </p>
        <span className={styles.code}>
          <code>{problem.code}</code>
          {problem.doc ? (
            <>
              {" · "}
              <a href={problem.doc}>Read about this</a>
            </>
          ) : null}
        </span>
        {onRetry && problem.status !== 403 ? (
          <Button size="small" onClick={onRetry}>
            Try again
          </Button>
        ) : null}
      </div>
    </div>
  );
}
