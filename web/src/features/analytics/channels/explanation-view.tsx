import { ChannelChip } from "#/ui/channel-chip.tsx";
import { WithCode, withoutCode } from "#/ui/with-code.tsx";
import styles from "./explanation.module.css";
import type { Explanation } from "./queries.ts";

/** The rule that gave the channel, and why each earlier one did not hold. */
export function ExplanationView({ explanation }: { explanation: Explanation }) {
  const { channel, decided_by: decided, failed, rules_version: version } = explanation;
  return (
    <div className={styles.explanation}>
      <div className={styles.decided}>
        <strong>
          <ChannelChip name={channel} />
        </strong>
        {decided ? (
          <>
            <span>
              <WithCode text={decided.why} />
            </span>
            <span className={styles.muted}>
              Rule {decided.rule}: <WithCode text={decided.condition} />
            </span>
          </>
        ) : (
          <span>There is a source, but no rule knows it. Name the medium in the link’s UTM parameters.</span>
        )}
      </div>
      {failed.length > 0 ? (
        <div>
          <h3>Earlier rules that did not hold</h3>
          <ol className={styles.rules}>
            {failed.map((rule) => (
              <li key={rule.rule} className={styles.rule}>
                <span className={styles.number}>{rule.rule}</span>
                <span>{rule.channel}</span>
                <span title={withoutCode(rule.condition)}>
                  <WithCode text={rule.why} />
                </span>
              </li>
            ))}
          </ol>
        </div>
      ) : null}
      <span className={styles.muted}>Version {version} of the channel rules. They apply to history as well.</span>
    </div>
  );
}
