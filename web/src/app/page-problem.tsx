import { useRouter } from "@tanstack/react-router";
import { lazy, Suspense } from "react";
import { asProblem } from "#/api/problem.ts";
import { Page } from "#/ui/page.tsx";
import { ProblemView } from "#/ui/problem-view.tsx";

// Seldom needed, so it is no part of the first page.
const NoWorkspace = lazy(() => import("./no-workspace.tsx").then((module) => ({ default: module.NoWorkspace })));

const CLOSED = ["workspace_not_found", "no_workspace"];

/** A page that could not be shown. */
export function PageProblem({ error, reset }: { error: unknown; reset: () => void }) {
  const router = useRouter();
  const retry = () => {
    reset();
    void router.invalidate();
  };
  if (CLOSED.includes(asProblem(error).code)) {
    return (
      <Suspense>
        <NoWorkspace />
      </Suspense>
    );
  }
  return (
    <Page title="This page could not be shown">
      <ProblemView title="This page could not be shown" error={error} onRetry={retry} />
    </Page>
  );
}
