import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { ChevronLeft, ChevronRight } from "lucide-react";
import { useState } from "react";
import { useMay, useSession } from "#/app/session.ts";
import { monthStart, today } from "#/lib/dates.ts";
import { counted } from "#/lib/format.ts";
import { buttonClass } from "#/ui/button.tsx";
import { Combobox } from "#/ui/combobox.tsx";
import { EmptyState } from "#/ui/empty-state.tsx";
import { IconButton } from "#/ui/icon-button.tsx";
import { ProblemView } from "#/ui/problem-view.tsx";
import { SkeletonLines } from "#/ui/skeleton.tsx";
import styles from "./ledger.module.css";
import { monthsAround } from "./months.ts";
import { PlanDialog, type PlanTarget } from "./plan-dialog.tsx";
import { CHANNELS, type Summary, summaryQuery } from "./queries.ts";
import { SummaryMatrix } from "./summary-matrix.tsx";

const route = getRouteApi("/shell/ledger");

/** Plan and actual by channel and month. */
export function SummaryView() {
  const { workspace } = useSession();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const month = search.month ?? today(workspace.time_zone).slice(0, 7);
  const months = monthsAround(month);
  const summary = useQuery(summaryQuery(months[0], months.at(-1)));
  const may = useMay("ledger.write");
  const [target, setTarget] = useState<PlanTarget | undefined>(undefined);
  const move = (step: number) =>
    void navigate({
      search: (before) => ({ ...before, month: monthStart(`${month}-01`, step).slice(0, 7) }),
      replace: true,
    });
  if (summary.error) {
    return (
      <ProblemView
        title="The ledger could not be loaded"
        error={summary.error}
        onRetry={() => void summary.refetch()}
      />
    );
  }
  if (!summary.data) return <SkeletonLines lines={8} />;
  return (
    <div className={styles.stack}>
      <div className={styles.bar}>
        <span>
          <IconButton
            label="Earlier months"
            icon={<ChevronLeft size={16} aria-hidden="true" />}
            onClick={() => move(-3)}
          />
          <IconButton
            label="Later months"
            icon={<ChevronRight size={16} aria-hidden="true" />}
            onClick={() => move(3)}
          />
        </span>
        {may ? (
          <Combobox
            form="filter"
            label="Plan for"
            placeholder="another channel"
            options={CHANNELS.filter((name) => !summary.data.channels.some((one) => one.name === name)).map((name) => ({
              value: name,
              label: name,
            }))}
            value={null}
            onChange={(channel) =>
              channel && setTarget({ month, channel, planned: null, currency: summary.data.currency })
            }
          />
        ) : null}
      </div>
      {summary.data.cells.length === 0 ? (
        <NothingYet />
      ) : (
        <SummaryMatrix summary={summary.data} months={months} onPlan={may ? setTarget : undefined} />
      )}
      <Warnings summary={summary.data} />
      <PlanDialog target={target} onClose={() => setTarget(undefined)} />
    </div>
  );
}

function NothingYet() {
  return (
    <EmptyState
      title="No spend and no plan in these months"
      actions={
        <Link to="/imports" className={buttonClass("primary")}>
          Import ad spend
        </Link>
      }
    >
      Import the spend of Google, Meta and LinkedIn ads as they export it, or enter a line by hand. A plan by month and
      channel shows whether the money goes where it should.
    </EmptyState>
  );
}

function Warnings({ summary }: { summary: Summary }) {
  return (
    <>
      {summary.unmatched > 0 ? (
        <p className={styles.muted}>
          {counted(summary.unmatched, "line")} of spend paid for no known touch.{" "}
          <Link to="/ledger" search={(before) => ({ ...before, view: "unmatched" as const })}>
            Map them
          </Link>
        </p>
      ) : null}
      {summary.unconverted > 0 ? (
        <p className={styles.muted}>
          {counted(summary.unconverted, "line")} in another currency without a rate: not in these sums.{" "}
          <Link to="/ledger" search={(before) => ({ ...before, view: "rates" as const })}>
            Enter rates
          </Link>
        </p>
      ) : null}
    </>
  );
}
