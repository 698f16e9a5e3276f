import { Link } from "@tanstack/react-router";
import { Badge } from "#/ui/badge.tsx";
import { buttonClass } from "#/ui/button.tsx";
import { SkeletonLines } from "#/ui/skeleton.tsx";
import { decisionLink } from "./decision-link.ts";
import styles from "./home-page.module.css";
import type { Decision } from "./queries.ts";

const TONES = { high: "danger", medium: "warning", low: "neutral" } as const;
const SHOWN = 3;

/** What is off, why that matters, and where to act. */
export function NeedsDecision({ decisions }: { decisions: Decision[] | undefined }) {
  return (
    <section className={styles.box} aria-label="Needs a decision">
      <h2>Needs a decision</h2>
      {decisions ? null : <SkeletonLines lines={4} />}
      {decisions?.length === 0 ? <p className={styles.muted}>Nothing is waiting for you.</p> : null}
      {decisions?.slice(0, SHOWN).map((decision) => {
        const { to, search } = decisionLink(decision.path);
        return (
          <div key={decision.kind + decision.title} className={styles.decision}>
            <strong>{decision.title}</strong>
            <span className={styles.muted}>{decision.detail}</span>
            <div className={styles.act}>
              <Badge tone={TONES[decision.severity]}>{decision.severity}</Badge>
              <Link to={to as "/"} search={search} className={buttonClass("plain", "small")}>
                {decision.action}
              </Link>
            </div>
          </div>
        );
      })}
      {decisions && decisions.length > SHOWN ? (
        <span className={styles.muted}>and {decisions.length - SHOWN} more of less weight</span>
      ) : null}
    </section>
  );
}
