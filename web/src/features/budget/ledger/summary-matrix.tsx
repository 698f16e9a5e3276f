import { Link } from "@tanstack/react-router";
import { type Money, money, moneyRound, monthOf } from "#/lib/format.ts";
import { ChannelChip } from "#/ui/channel-chip.tsx";
import styles from "./ledger.module.css";
import { daysOf } from "./months.ts";
import type { PlanTarget } from "./plan-dialog.tsx";
import type { Summary, SummaryCell } from "./queries.ts";

/** How far spend may go beyond its plan before it is pointed out. */
const OVER = 1.1;

interface SummaryMatrixProps {
  summary: Summary;
  months: string[];
  /** Sets a plan; absent when this user may not. */
  onPlan: ((target: PlanTarget) => void) | undefined;
}

/** Plan and actual by channel and month. An actual opens its lines; a plan is set where it stands. */
export function SummaryMatrix({ summary, months, onPlan }: SummaryMatrixProps) {
  const cells = new Map(summary.cells.map((cell) => [`${cell.channel} ${cell.month}`, cell]));
  const all = daysOf(months[0] ?? "", months.at(-1));
  return (
    <section className={styles.scroll} tabIndex={0} aria-label="Plan and actual by channel and month">
      <table className={styles.table}>
        <thead>
          <tr>
            <th scope="col">Channel</th>
            {months.map((month) => (
              <th key={month} scope="col">
                {monthOf(month)}
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
                    channel={channel.name}
                    month={month}
                    currency={summary.currency}
                    cell={cells.get(`${channel.name} ${month}`)}
                    onPlan={onPlan}
                  />
                </td>
              ))}
              <td className={styles.total}>
                <Pair
                  actual={channel.actual}
                  planned={channel.planned}
                  of={channel.name}
                  channel={channel.name}
                  days={all}
                />
              </td>
            </tr>
          ))}
          <tr className={styles.total}>
            <td>Together</td>
            {months.map((month) => {
              const total = summary.months.find((one) => one.name === month);
              return (
                <td key={month}>
                  {total ? (
                    <Pair
                      actual={total.actual}
                      planned={total.planned}
                      of={`all channels, ${monthOf(month)}`}
                      days={daysOf(month)}
                    />
                  ) : (
                    "–"
                  )}
                </td>
              );
            })}
            <td>
              <Pair actual={summary.total.actual} planned={summary.total.planned} of="all channels" days={all} />
            </td>
          </tr>
        </tbody>
      </table>
    </section>
  );
}

interface LinesProps {
  actual: Money;
  /** Whose lines they are, in words. */
  of: string;
  channel?: string;
  days: { from: string; to: string };
}

/** An actual, which opens the lines that it is the sum of. */
function Lines({ actual, of, channel, days }: LinesProps) {
  return (
    <Link
      to="/ledger"
      search={(before) => ({ ...before, view: "entries" as const, q: undefined, channel, ...days })}
      className={styles.actual}
      title={`${money(actual)}: show the lines of ${of}`}
    >
      {moneyRound(actual)}
      <span className="visually-hidden">, the lines of {of}</span>
    </Link>
  );
}

/** Actual of plan: `€12,300 of €15,000`. */
function Pair({ planned, ...lines }: LinesProps & { planned: Money }) {
  return (
    <>
      <Lines {...lines} />
      {Number(planned.amount) === 0 ? null : ` of ${moneyRound(planned)}`}
    </>
  );
}

interface CellProps {
  channel: string;
  month: string;
  currency: string;
  cell: SummaryCell | undefined;
  onPlan: ((target: PlanTarget) => void) | undefined;
}

function Cell({ channel, month, currency, cell, onPlan }: CellProps) {
  const planned = cell?.planned ?? null;
  const over = cell && planned !== null && Number(cell.actual.amount) > Number(planned.amount) * OVER;
  const of = `${channel}, ${monthOf(month)}`;
  const plan = planned ? `plan ${moneyRound(planned)}` : "no plan";
  return (
    <span className={styles.cell}>
      {cell ? <Lines actual={cell.actual} of={of} channel={channel} days={daysOf(month)} /> : <span>–</span>}
      {onPlan ? (
        <button
          type="button"
          className={styles.plan}
          data-tip={`Set the plan of ${of}`}
          onClick={() => onPlan({ month, channel, planned, currency })}
        >
          {plan}
          <span className="visually-hidden">, set the plan of {of}</span>
        </button>
      ) : (
        <span className={styles.muted}>{plan}</span>
      )}
      {over ? <span className={styles.over}>over plan</span> : null}
    </span>
  );
}
