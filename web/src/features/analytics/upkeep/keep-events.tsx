import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useMay } from "#/app/session.ts";
import { number } from "#/lib/format.ts";
import { ConfirmDialog } from "#/ui/confirm-dialog.tsx";
import { Moment } from "#/ui/moment.tsx";
import { ProblemView } from "#/ui/problem-view.tsx";
import { Section } from "#/ui/section.tsx";
import { Select } from "#/ui/select.tsx";
import { SkeletonLines } from "#/ui/skeleton.tsx";
import { toast } from "#/ui/toasts.ts";
import { type EventsKept, eventsKeptQuery, useKeepEvents } from "./queries.ts";
import styles from "./upkeep.module.css";

const FOR_EVER = "for ever";
const CHOICES = [6, 12, 14, 18, 24, 25, 36, 48, 60, 84, 120];

/** How long events are kept: a part of the settings of a workspace. */
export function KeepEvents() {
  const kept = useQuery(eventsKeptQuery);
  return (
    <Section title="Age of events" text="Whole months that are older are dropped, and cannot be brought back.">
      {kept.isPending ? <SkeletonLines lines={2} /> : null}
      {kept.error ? <ProblemView title="It could not be loaded" error={kept.error} /> : null}
      {kept.data ? <Choice kept={kept.data} /> : null}
    </Section>
  );
}

function Choice({ kept }: { kept: EventsKept }) {
  const may = useMay("workspace.write");
  const save = useKeepEvents();
  const [asked, setAsked] = useState<number>();
  const months = kept.months ?? undefined;
  const choices = months && !CHOICES.includes(months) ? [...CHOICES, months].sort((a, b) => a - b) : CHOICES;
  const keep = (wanted: number | null) =>
    save.mutate(wanted, {
      onSuccess: () => toast(wanted ? `Events of ${wanted} months are kept` : "Events are kept for ever"),
      onSettled: () => setAsked(undefined),
    });
  // Keeping more loses nothing; keeping less is asked about first.
  const change = (next: string) => {
    const wanted = next === FOR_EVER ? null : Number(next);
    if (wanted === null || (months && wanted >= months)) keep(wanted);
    else setAsked(wanted);
  };
  return (
    <>
      <div className={styles.narrow}>
        <Select
          label="Keep events"
          disabled={!may || save.isPending}
          options={[
            { value: FOR_EVER, label: "for ever" },
            ...choices.map((one) => ({ value: String(one), label: `${one} months` })),
          ]}
          value={months ? String(months) : FOR_EVER}
          onChange={change}
        />
      </div>
      {kept.dropped ? (
        <p>
          Last: {number(kept.dropped.events)} events from before <Moment at={kept.dropped.before} look="day" /> were
          dropped on <Moment at={kept.dropped.at} look="day" />.
        </p>
      ) : null}
      {save.error ? <ProblemView title="Nothing was changed" error={save.error} /> : null}
      <ConfirmDialog
        open={asked !== undefined}
        title={`Keep events of ${asked} months only?`}
        text="Events of older months are dropped at once and each month from now on. Numbers about that time change: sessions, touches and credit of then are gone. People, deals and spend stay."
        action="Drop older events"
        busy={save.isPending}
        onClose={() => setAsked(undefined)}
        onConfirm={() => asked && keep(asked)}
      />
    </>
  );
}
