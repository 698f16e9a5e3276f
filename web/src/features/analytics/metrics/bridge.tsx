import { useQuery } from "@tanstack/react-query";
import { zonedTime } from "#/lib/format.ts";
import { ProblemView } from "#/ui/problem-view.tsx";
import { SkeletonLines } from "#/ui/skeleton.tsx";
import styles from "./drill.module.css";
import { figureText, plain } from "./figures.ts";
import { bridgeQuery, type DrillAnswer, type DrillRequest, type FigureValue, type MetricBridge } from "./queries.ts";

const WHAT: Record<MetricBridge["steps"][number]["step"], string> = {
  late_events: "Events received later",
  rule_changes: "Channel and visitor rules changed since",
  merges: "People merged or separated since",
  record_changes: "People, companies and deals changed since",
  ledger_changes: "Entries and corrections of the ledger since",
  days_passed: "Days that passed since",
};

/** From what was known at a moment to what is known now, cause by cause. */
export function Bridge({ request, answer }: { request: DrillRequest; answer: DrillAnswer }) {
  const bridge = useQuery(bridgeQuery(request, answer));
  if (bridge.error) {
    return (
      <ProblemView
        title="What has changed since could not be computed"
        error={bridge.error}
        onRetry={() => void bridge.refetch()}
      />
    );
  }
  if (!bridge.data) return <SkeletonLines lines={8} />;
  const { then, steps, now, unit } = bridge.data;
  const shown = (value: FigureValue | null | undefined) =>
    value === null || value === undefined ? "none" : figureText(value, unit);
  return (
    <table className={styles.bridge}>
      <tbody>
        <tr>
          <th scope="row">As known at {zonedTime(answer.as_of ?? "")}</th>
          <td>{shown(then)}</td>
        </tr>
        {steps.map(({ step, change, value }) => (
          <tr key={step}>
            <th scope="row">{WHAT[step]}</th>
            <td>{change === null || change === undefined ? `→ ${shown(value)}` : signed(change, shown(change))}</td>
          </tr>
        ))}
        <tr>
          <th scope="row">As known now</th>
          <td>{shown(now)}</td>
        </tr>
      </tbody>
    </table>
  );
}

function signed(change: FigureValue, text: string): string {
  return plain(change) > 0 ? `+${text}` : text;
}
