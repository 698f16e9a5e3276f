import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useMemo } from "react";
import { rowsOf } from "#/lib/pages.ts";
import { Badge } from "#/ui/badge.tsx";
import { Button } from "#/ui/button.tsx";
import { ChannelChip } from "#/ui/channel-chip.tsx";
import { Moment } from "#/ui/moment.tsx";
import { ProblemView } from "#/ui/problem-view.tsx";
import { SkeletonLines } from "#/ui/skeleton.tsx";
import styles from "./person-page.module.css";
import { timelineQuery } from "./queries.ts";

/** What a person did, newest first. */
export function Timeline({ id }: { id: string }) {
  const timeline = useInfiniteQuery(timelineQuery(id));
  const events = useMemo(() => rowsOf(timeline.data), [timeline.data]);
  if (timeline.error) {
    return (
      <ProblemView
        title="The timeline could not be loaded"
        error={timeline.error}
        onRetry={() => void timeline.refetch()}
      />
    );
  }
  if (timeline.isPending) return <SkeletonLines lines={8} />;
  if (events.length === 0) return <p className={styles.muted}>No event of this person is stored.</p>;
  return (
    <>
      <ol className={styles.events}>
        {events.map((event) => (
          <li key={event.offset} className={styles.event}>
            <Moment at={event.at} className={styles.muted} />
            <span>
              <Link to="/events" search={{ open: String(event.offset) }}>
                {event.name || event.kind}
              </Link>{" "}
              <span className={styles.muted}>{event.kind}</span>
            </span>
            <span>
              {event.title || event.url}
              {event.before_known ? <span className={styles.muted}> · before they were known</span> : null}
              {event.agent_class && event.agent_class !== "human" ? (
                <Badge tone="warning">{event.agent_class.replace("_", " ")}</Badge>
              ) : null}
            </span>
            <span title={[event.source, event.medium, event.campaign].filter(Boolean).join(" / ")}>
              {event.channel ? <ChannelChip name={event.channel} /> : null}
            </span>
          </li>
        ))}
      </ol>
      {timeline.hasNextPage ? (
        <Button busy={timeline.isFetchingNextPage} onClick={() => void timeline.fetchNextPage()}>
          Show older events
        </Button>
      ) : null}
    </>
  );
}
