import type { ReactNode } from "react";
import { Page } from "./page.tsx";
import { ProblemView } from "./problem-view.tsx";
import { SkeletonLines } from "./skeleton.tsx";

interface RecordWaitingProps {
  /** What the record is: "Person". */
  title: string;
  crumb: ReactNode;
  query: { error: unknown; refetch: () => unknown };
}

/** The page of a record that is not here yet, or cannot be had. */
export function RecordWaiting({ title, crumb, query }: RecordWaitingProps) {
  return (
    <Page title={title} crumb={crumb}>
      {query.error ? (
        <ProblemView
          title={`The ${title.toLowerCase()} could not be loaded`}
          error={query.error}
          onRetry={() => void query.refetch()}
        />
      ) : (
        <SkeletonLines lines={10} />
      )}
    </Page>
  );
}
