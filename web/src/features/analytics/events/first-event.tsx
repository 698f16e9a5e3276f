import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { CircleCheck } from "lucide-react";
import { useEffect, useState } from "react";
import { dropFreshKey } from "#/features/platform/accounts/fresh-key.ts";
import { classNames } from "#/lib/class-names.ts";
import { useStream } from "#/lib/stream.ts";
import { Button, buttonClass } from "#/ui/button.tsx";
import { KeyFacts } from "#/ui/key-facts.tsx";
import { ProblemView } from "#/ui/problem-view.tsx";
import { TimeAgo } from "#/ui/time-ago.tsx";
import { toastProblem } from "#/ui/toasts.ts";
import styles from "./connect-page.module.css";
import { FateBadge } from "./fate-columns.tsx";
import { type Fate, recentQuery, watchUrl } from "./queries.ts";

const EVERYTHING = {};

/** Waits for the first event and becomes it when it arrives. */
export function FirstEvent({ secret }: { secret: string | undefined }) {
  const recent = useQuery(recentQuery(EVERYTHING, 1));
  const [arrived, setArrived] = useState<Fate | undefined>(undefined);
  const state = useStream<Fate>(recent.error ? undefined : watchUrl(EVERYTHING), (next) =>
    // The first one stays in sight, unless it was rejected and a better one follows.
    setArrived((before) => (before && before.status !== "rejected" ? before : next)),
  );
  const fate = arrived ?? recent.data?.items[0];
  const accepted = fate !== undefined && fate.status !== "rejected";
  useEffect(() => {
    if (arrived && arrived.status !== "rejected") dropFreshKey();
  }, [arrived]);
  if (recent.error) {
    return (
      <ProblemView
        title="The first event cannot be shown here"
        error={recent.error}
        onRetry={() => void recent.refetch()}
      />
    );
  }
  return (
    <section className={classNames(styles.waiting, accepted && styles.arrived)} aria-label="First event">
      {/* Only what happened is spoken; the facts below it hold a clock. */}
      <p className="visually-hidden" role="status">
        {fate ? `${headline(fate, arrived !== undefined)}: ${fate.name || fate.kind}` : ""}
      </p>
      {fate ? (
        <>
          <div className={styles.head}>
            {accepted ? <CircleCheck className={styles.tick} size={18} aria-hidden="true" /> : null}
            <h2>{headline(fate, arrived !== undefined)}</h2>
          </div>
          <KeyFacts
            facts={[
              { name: "Event", value: fate.name || fate.kind },
              { name: "Outcome", value: <FateBadge status={fate.status} /> },
              { name: "Reason", value: fate.reason },
              { name: "From", value: fate.user_id || fate.anonymous_id },
              { name: "Library", value: fate.library },
              { name: "Received", value: <TimeAgo at={fate.received_at} /> },
            ]}
          />
        </>
      ) : (
        <>
          <div className={styles.head}>
            <span className={styles.pulse} aria-hidden="true" />
            <h2>Waiting for the first event</h2>
          </div>
          <p className={styles.muted}>
            {state === "open" ? "This page is listening. " : "Connecting to the stream. "}
            An event appears here within a second of being sent.
          </p>
        </>
      )}
      <div className={styles.actions}>
        {fate ? (
          <>
            <Link to="/events" className={buttonClass(accepted ? "primary" : "plain")}>
              Open live events
            </Link>
            <Link to="/imports" className={buttonClass()}>
              Import deals and spend
            </Link>
          </>
        ) : null}
        {secret ? <TestEvent secret={secret} /> : null}
      </div>
    </section>
  );
}

function headline(fate: Fate, live: boolean): string {
  if (fate.status === "rejected") return "An event arrived, but it was rejected";
  return live ? "An event arrived" : "Events are arriving";
}

/** Sends one event from this browser, so that the way in can be seen to work before any code is changed. */
function TestEvent({ secret }: { secret: string }) {
  const [busy, setBusy] = useState(false);
  const send = async () => {
    setBusy(true);
    try {
      const response = await fetch("/v1/track", {
        method: "POST",
        headers: { "Content-Type": "application/json", Authorization: `Basic ${btoa(`${secret}:`)}` },
        body: JSON.stringify({
          anonymousId: "mainspring-test",
          event: "Test event",
          properties: { sent_from: "connect page" },
        }),
      });
      if (!response.ok)
        toastProblem(
          "The test event was refused",
          `The server answered ${response.status}. The write key may have been revoked.`,
        );
    } catch {
      toastProblem("The test event was not sent", "Mainspring did not answer. Check that it runs, then try again.");
    }
    setBusy(false);
  };
  return (
    <Button busy={busy} onClick={() => void send()}>
      Send test event
    </Button>
  );
}
