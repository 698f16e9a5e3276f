import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { ChevronLeft, ChevronRight } from "lucide-react";
import { useState } from "react";
import { useMay, useSession } from "#/app/session.ts";
import { classNames } from "#/lib/class-names.ts";
import { monthStart, today } from "#/lib/dates.ts";
import { counted, type Money, moneyRound } from "#/lib/format.ts";
import { buttonClass } from "#/ui/button.tsx";
import { ChannelChip } from "#/ui/channel-chip.tsx";
import { Combobox } from "#/ui/combobox.tsx";
import { EmptyState } from "#/ui/empty-state.tsx";
import { IconButton } from "#/ui/icon-button.tsx";
import { ProblemView } from "#/ui/problem-view.tsx";
import { SkeletonLines } from "#/ui/skeleton.tsx";
import styles from "./ledger.module.css";
import { monthsAround, monthText } from "./months.ts";
import { PlanDialog, type PlanTarget } from "./plan-dialog.tsx";
import { CHANNELS, type Summary, type SummaryCell, summaryQuery } from "./queries.ts";

const route = getRouteApi("/shell/ledger");

/** Plan and actual by channel and month; a cell sets its plan. */
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
        <Matrix summary={summary.data} months={months} onPlan={setTarget} />
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
          <Link to="/ledger" search={{ view: "unmatched" }}>
            Match them
          </Link>
        </p>
      ) : null}
      {summary.unconverted > 0 ? (
        <p className={styles.muted}>
          {counted(summary.unconverted, "line")} in another currency without a rate: not in these sums.{" "}
          <Link to="/ledger" search={{ view: "rates" }}>
            Enter rates
          </Link>
        </p>
      ) : null}
    </>
  );
}

interface MatrixProps {
  summary: Summary;
  months: string[];
  onPlan: (target: PlanTarget) => void;
}

function Matrix({ summary, months, onPlan }: MatrixProps) {
  const may = useMay("ledger.write");
  const cells = new Map(summary.cells.map((cell) => [`${cell.channel} ${cell.month}`, cell]));
  return (
    <section className={styles.scroll} tabIndex={0} aria-label="Plan and actual by channel and month">
      <table className={styles.table}>
        <thead>
          <tr>
            <th scope="col">Channel</th>
            {months.map((month) => (
              <th key={month} scope="col">
                {monthText(month)}
              </th>
            ))}
            <th scope="col">Together</th>
          </tr>
        </thead>
        <tbody>
          {summary.channels.map((channel) => (
            <tr key={channel.name}>
              <td>
                <ChannelChip name={channel.name} />
              </td>
              {months.map((month) => (
                <td key={month}>
                  <Cell
                    cell={cells.get(`${channel.name} ${month}`)}
                    onPlan={
                      may
                        ? (planned) => onPlan({ month, channel: channel.name, planned, currency: summary.currency })
                        : undefined
                    }
                    label={`${channel.name}, ${monthText(month)}`}
                  />
                </td>
              ))}
              <td className={styles.total}>{pair(channel.actual, channel.planned)}</td>
            </tr>
          ))}
          <tr className={styles.total}>
            <td>Together</td>
            {months.map((month) => {
              const total = summary.months.find((one) => one.name === month);
              return <td key={month}>{total ? pair(total.actual, total.planned) : "–"}</td>;
            })}
            <td>{pair(summary.total.actual, summary.total.planned)}</td>
          </tr>
        </tbody>
      </table>
    </section>
  );
}

/** Actual of plan: `€12,300 of €15,000`. */
function pair(actual: Money, planned: Money): string {
  return Number(planned.amount) === 0 ? moneyRound(actual) : `${moneyRound(actual)} of ${moneyRound(planned)}`;
}

interface CellProps {
  cell: SummaryCell | undefined;
  label: string;
  onPlan: ((planned: Money | null) => void) | undefined;
}

function Cell({ cell, label, onPlan }: CellProps) {
  const planned = cell?.planned ?? null;
  const over = cell && planned !== null && Number(cell.actual.amount) > Number(planned.amount) * 1.1;
  const text = (
    <>
      <span className={classNames(over && styles.over)}>{cell ? moneyRound(cell.actual) : "–"}</span>
      <span className={styles.muted}>{planned ? `plan ${moneyRound(planned)}` : "no plan"}</span>
    </>
  );
  if (!onPlan) return <span className={styles.cell}>{text}</span>;
  return (
    <button type="button" className={styles.cell} data-tip={`Set the plan of ${label}`} onClick={() => onPlan(planned)}>
      {text}
    </button>
  );
}
