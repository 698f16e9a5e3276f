import "#/ui/base.css";
import { CSPProvider } from "@base-ui/react/csp-provider";
import { MutationCache, QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { lazy, StrictMode, Suspense } from "react";
import { createRoot } from "react-dom/client";
import { onSignedOut } from "#/api/http.ts";
import { asProblem } from "#/api/problem.ts";
import { TipLayer } from "#/ui/tip-layer.tsx";
import { toastProblem } from "#/ui/toasts.ts";
import { makeRouter } from "./router.tsx";
import { sessionQuery } from "./session.ts";

// Nothing is told before the first paint.
const Toaster = lazy(() => import("#/ui/toaster.tsx").then((module) => ({ default: module.Toaster })));

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 15_000,
      retry: (count, error) => {
        const { status } = asProblem(error);
        return count < 2 && (status === 0 || status >= 500);
      },
    },
  },
  mutationCache: new MutationCache({
    // A form that shows its own problem says so; everything else is told in a toast.
    onError: (error, _variables, _context, mutation) => {
      if (!mutation.meta?.shown)
        toastProblem(String(mutation.meta?.failed ?? "That did not work"), asProblem(error).message);
    },
  }),
});

const router = makeRouter(queries);

onSignedOut(() => {
  if (queries.getQueryData(sessionQuery.queryKey) === undefined) return;
  queries.clear();
  void router.invalidate();
});

const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <CSPProvider disableStyleElements>
        <QueryClientProvider client={queries}>
          <RouterProvider router={router} />
          <Suspense>
            <Toaster />
          </Suspense>
          <TipLayer />
        </QueryClientProvider>
      </CSPProvider>
    </StrictMode>,
  );
}
