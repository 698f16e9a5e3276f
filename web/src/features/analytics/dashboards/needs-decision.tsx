import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { useMissingPermission } from "#/app/use-places.ts";
import { sentence } from "#/lib/server-text.ts";
import { Badge } from "#/ui/badge.tsx";
import { Button, buttonClass } from "#/ui/button.tsx";
import { SkeletonLines } from "#/ui/skeleton.tsx";
import { decisionLink } from "./decision-link.ts";
import styles from "./home-page.module.css";
import type { Decision, Home } from "./queries.ts";

const TONES = { high: "danger", medium: "warning", low: "neutral" } as const;
const SHOWN = 3;

/** What is off, why that matters, and where to act; the three most urgent first. */
export function NeedsDecision({ home }: { home: Home | undefined }) {
  const [all, setAll] = useState(false);
  const decisions = home?.decisions;
  const shown = all ? decisions : decisions?.slice(0, SHOWN);
  return (
    <section className={styles.box} aria-label="Needs a decision">
      <h2>Needs a decision</h2>
      {decisions ? null : <SkeletonLines lines={6} />}
      {decisions?.length === 0 ? <p className={styles.muted}>Nothing is waiting for you.</p> : null}
      {home && shown?.map((one) => <OneDecision key={one.kind + one.title} decision={one} home={home} />)}
      {decisions && decisions.length > SHOWN ? (
        <Button look="quiet" size="small" aria-expanded={all} onClick={() => setAll(!all)}>
          {all ? `Show the ${SHOWN} most urgent` : `Show all ${decisions.length}`}
        </Button>
      ) : null}
    </section>
  );
}

function OneDecision({ decision, home }: { decision: Decision; home: Home }) {
  const { to, search } = decisionLink(decision.path, home);
  const missing = useMissingPermission()(to);
  return (
    <div className={styles.decision}>
      <strong>{sentence(decision.title)}</strong>
      <span className={styles.muted}>{sentence(decision.detail)}</span>
      <div className={styles.act}>
        <Badge tone={TONES[decision.severity]}>{decision.severity}</Badge>
        {missing ? (
          <span className={styles.muted}>
            Needs <code>{missing}</code>
          </span>
        ) : (
          <Link to={to as "/"} search={search} className={buttonClass("plain", "small")}>
            {decision.action}
          </Link>
        )}
      </div>
    </div>
  );
}
