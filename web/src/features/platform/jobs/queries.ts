import { infiniteQueryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { answer, client, type Schemas } from "#/api/client.ts";
import { apiUrl } from "#/api/http.ts";
import { nextCursor } from "#/lib/pages.ts";
import { useStream } from "#/lib/stream.ts";

/** The states of a job. */
export const JOB_STATES = ["queued", "running", "done", "failed", "cancelled"] as const;

export type JobState = (typeof JOB_STATES)[number];

/** A background job as it stands. */
export type Job = Schemas["Job"];

/** Whether nothing more will happen. */
export function isFinal(state: JobState): boolean {
  return state === "done" || state === "failed" || state === "cancelled";
}

/** Background jobs, newest first. */
export function jobsQuery(state: JobState | undefined) {
  return infiniteQueryOptions({
    queryKey: ["jobs", state],
    queryFn: ({ pageParam, signal }) =>
      answer(client.GET("/api/v1/jobs", { params: { query: { state, limit: 100, cursor: pageParam } }, signal })),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: nextCursor,
    refetchInterval: (query) =>
      query.state.data?.pages.some((page) => page.items.some((job) => !isFinal(job.state))) ? 2_000 : 15_000,
  });
}

/** Stops a job: at once when it waits, at its next step when it runs. */
export function useCancelJob() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => answer(client.POST("/api/v1/jobs/{id}/cancel", { params: { path: { id } } })),
    meta: { failed: "The job goes on" },
    onSuccess: () => queries.invalidateQueries({ queryKey: ["jobs"] }),
  });
}

/** Follows a job as it runs; `onEnd` is called once, with its final state. */
export function useJob(id: string | undefined, onEnd?: (job: Job) => void): Job | undefined {
  const [job, setJob] = useState<Job | undefined>(undefined);
  const ended = job !== undefined && job.id === id && isFinal(job.state);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another job starts from nothing
  useEffect(() => setJob(undefined), [id]);
  useStream<Job>(id && !ended ? apiUrl(`/jobs/${id}/watch`) : undefined, (next) => {
    setJob(next);
    if (isFinal(next.state)) onEnd?.(next);
  });
  return job?.id === id ? job : undefined;
}

/** How long the rest will take at the pace so far, in seconds; undefined until that can be told. */
export function secondsLeft(job: Job, now: number): number | undefined {
  if (!job.started_at || job.total === 0 || job.done === 0 || isFinal(job.state)) return undefined;
  const passed = (now - new Date(job.started_at).getTime()) / 1000;
  return passed < 1 ? undefined : (passed / job.done) * (job.total - job.done);
}
