import { CircleAlert } from "lucide-react";
import type { ReactNode } from "react";
import { asProblem } from "#/api/problem.ts";
import { Button } from "./button.tsx";
import styles from "./problem-view.module.css";

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
        <p>{withCode(problem.message)}</p>
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

/** The server writes names, such as that of a permission, between backticks. */
function withCode(message: string): ReactNode[] {
  // biome-ignore lint/suspicious/noArrayIndexKey: the parts of one text never move
  return message.split("`").map((part, place) => (place % 2 === 1 ? <code key={place}>{part}</code> : part));
}
