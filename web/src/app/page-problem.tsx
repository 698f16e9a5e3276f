import { useRouter } from "@tanstack/react-router";
import { Page } from "#/ui/page.tsx";
import { ProblemView } from "#/ui/problem-view.tsx";

/** A page that could not be shown. */
export function PageProblem({ error, reset }: { error: unknown; reset: () => void }) {
  const router = useRouter();
  const retry = () => {
    reset();
    void router.invalidate();
  };
  return (
    <Page title="This page could not be shown">
      <ProblemView title="This page could not be shown" error={error} onRetry={retry} />
    </Page>
  );
}
