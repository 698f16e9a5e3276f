import { useInfiniteQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useMemo } from "react";
import { useMay } from "#/app/session.ts";
import { SettingsPage } from "#/features/platform/accounts/settings-page.tsx";
import { duration, number, percent } from "#/lib/format.ts";
import { rowsOf } from "#/lib/pages.ts";
import { Badge, type Tone } from "#/ui/badge.tsx";
import { Button } from "#/ui/button.tsx";
import { DataTable } from "#/ui/data-table.tsx";
import { EmptyState } from "#/ui/empty-state.tsx";
import { ProblemView } from "#/ui/problem-view.tsx";
import { Select } from "#/ui/select.tsx";
import type { Column } from "#/ui/table-model.ts";
import { TimeAgo } from "#/ui/time-ago.tsx";
import { isFinal, JOB_STATES, type Job, type JobState, jobsQuery, useCancelJob } from "./queries.ts";

const route = getRouteApi("/shell/settings/jobs");

const TONES: Record<JobState, Tone> = {
  queued: "neutral",
  running: "accent",
  done: "neutral",
  failed: "danger",
  cancelled: "warning",
};

/** What runs in the background, and what became of what ran. */
export function JobsPage() {
  const { state } = route.useSearch();
  const navigate = route.useNavigate();
  const jobs = useInfiniteQuery(jobsQuery(state));
  const rows = useMemo(() => rowsOf(jobs.data), [jobs.data]);
  const may = useMay("jobs.write");
  const cancel = useCancelJob();
  const stop = cancel.mutate;
  const columns = useMemo(() => columnsOf(may, stop), [may, stop]);
  const states = [{ value: "all", label: "All" }, ...JOB_STATES.map((one) => ({ value: one, label: one }))];
  return (
    <SettingsPage
      fill
      filters={
        <div>
          <Select
            form="filter"
            label="State"
            options={states}
            value={state ?? "all"}
            onChange={(next) =>
              void navigate({ search: { state: JOB_STATES.find((one) => one === next) }, replace: true })
            }
          />
        </div>
      }
    >
      {jobs.error ? (
        <ProblemView title="The jobs could not be loaded" error={jobs.error} onRetry={() => void jobs.refetch()} />
      ) : (
        <DataTable
          name="jobs"
          one="job"
          fill
          rows={rows}
          columns={columns}
          rowId={(job) => job.id}
          loading={jobs.isPending}
          empty={
            <EmptyState title={state ? `No ${state} jobs` : "No jobs yet"}>
              Long work appears here while it runs and after: imports, their undoing, and upkeep of the stored events.
            </EmptyState>
          }
          more={{
            available: jobs.hasNextPage,
            loading: jobs.isFetchingNextPage,
            fetch: () => void jobs.fetchNextPage(),
          }}
        />
      )}
    </SettingsPage>
  );
}

function columnsOf(may: boolean, stop: (id: string) => void): Column<Job>[] {
  return [
    { id: "kind", header: "Job", width: 180, value: (job) => job.kind, cell: (job) => <code>{job.kind}</code> },
    {
      id: "state",
      header: "State",
      width: 110,
      value: (job) => job.state,
      cell: (job) => (
        <Badge tone={TONES[job.state]}>{job.cancelling && !isFinal(job.state) ? "cancelling" : job.state}</Badge>
      ),
    },
    {
      id: "progress",
      header: "Progress",
      align: "right",
      width: 170,
      value: (job) => (job.total === 0 ? null : job.done / job.total),
      cell: (job) =>
        job.total === 0 ? "–" : `${number(job.done)} of ${number(job.total)} · ${percent(job.done / job.total)}`,
    },
    {
      id: "note",
      header: "Note",
      value: (job) => job.error ?? job.note,
      cell: (job) => <span title={job.error ?? job.note}>{job.error ?? job.note}</span>,
    },
    {
      id: "created_at",
      header: "Asked for",
      width: 140,
      value: (job) => job.created_at,
      cell: (job) => <TimeAgo at={job.created_at} />,
    },
    {
      id: "took",
      header: "Took",
      width: 100,
      align: "right",
      value: took,
      cell: (job) => (took(job) === null ? "–" : duration(took(job) ?? 0)),
    },
    { id: "attempts", header: "Tries", width: 80, align: "right", hidden: true, value: (job) => job.attempts },
    { id: "requested_by", header: "Asked by", hidden: true, value: (job) => job.requested_by },
    {
      id: "actions",
      header: "Actions",
      tools: true,
      width: 90,
      align: "right",
      value: () => null,
      cell: (job) =>
        may && !isFinal(job.state) && !job.cancelling ? (
          <Button look="quiet" size="small" onClick={() => stop(job.id)}>
            Cancel
          </Button>
        ) : null,
    },
  ];
}

function took(job: Job): number | null {
  if (!job.started_at || !job.finished_at) return null;
  return (new Date(job.finished_at).getTime() - new Date(job.started_at).getTime()) / 1000;
}
