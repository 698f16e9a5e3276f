import { useQuery } from "@tanstack/react-query";
import { number, zonedTime } from "#/lib/format.ts";
import { ProblemView } from "#/ui/problem-view.tsx";
import { SkeletonLines } from "#/ui/skeleton.tsx";
import styles from "./explore.module.css";
import type { Exploration } from "./model.ts";
import { bridgeQuery } from "./queries.ts";

const WHAT = {
  trends: "Total of the first event",
  funnel: "People who took the last step",
  retention: "People in all cohorts",
  paths: "People at the start",
} as const;

/** From what was known at a moment to what is known now, cause by cause. */
export function Bridge({ asked }: { asked: Exploration }) {
  const bridge = useQuery(bridgeQuery(asked));
  if (bridge.error) {
    return (
      <ProblemView
        title="What has changed since could not be computed"
        error={bridge.error}
        onRetry={() => void bridge.refetch()}
      />
    );
  }
  if (!bridge.data) return <SkeletonLines lines={4} />;
  const { then, late_events, rule_changes, merges, now } = bridge.data;
  return (
    <table className={styles.bridge}>
      <caption>{WHAT[asked.ask.kind]}</caption>
      <tbody>
        <tr>
          <th scope="row">As known at {zonedTime(asked.as_of ?? "")}</th>
          <td>{number(then)}</td>
        </tr>
        <tr>
          <th scope="row">Events received later</th>
          <td>{signed(late_events)}</td>
        </tr>
        <tr>
          <th scope="row">Changes of the channel and visitor rules since</th>
          <td>{signed(rule_changes)}</td>
        </tr>
        <tr>
          <th scope="row">People merged or separated since</th>
          <td>{signed(merges)}</td>
        </tr>
        <tr>
          <th scope="row">As known now</th>
          <td>{number(now)}</td>
        </tr>
      </tbody>
    </table>
  );
}

function signed(value: number): string {
  return value > 0 ? `+${number(value)}` : value < 0 ? `−${number(-value)}` : number(value);
}
