import { useQuery } from "@tanstack/react-query";
import { ExplanationView } from "#/features/analytics/channels/explanation-view.tsx";
import { classNames } from "#/lib/class-names.ts";
import { counted, exactTime } from "#/lib/format.ts";
import { CopyButton } from "#/ui/copy-button.tsx";
import { Drawer } from "#/ui/drawer.tsx";
import { type Json, JsonTree } from "#/ui/json-tree.tsx";
import { KeyFacts } from "#/ui/key-facts.tsx";
import { ProblemView } from "#/ui/problem-view.tsx";
import { Section } from "#/ui/section.tsx";
import { SkeletonLines } from "#/ui/skeleton.tsx";
import { FateBadge } from "./fate-columns.tsx";
import styles from "./live-page.module.css";
import { type EventDetail, eventQuery, type Fate, type Quarantined, quarantineQuery } from "./queries.ts";

interface EventDrawerProps {
  /** The event's place in the log, or its row in the quarantine. */
  open: string;
  /** Its row in the stream, while it is there. */
  fate: Fate | undefined;
  keyNames: Map<string, string>;
  onClose: () => void;
}

/** One message: what became of it, what it says, and why it has its channel. */
export function EventDrawer({ open, fate, keyNames, onClose }: EventDrawerProps) {
  const offset = /^\d+$/.test(open) ? Number(open) : undefined;
  const event = useQuery(eventQuery(offset));
  const quarantine = useQuery(quarantineQuery(open.startsWith("qua_") || fate?.status === "suspicious"));
  const kept = quarantine.data?.items.find((row) => row.id === open || row.id === fate?.quarantine);
  const facts = fate ?? event.data ?? kept;
  return (
    <Drawer
      open
      wide
      onClose={onClose}
      title={facts?.name || facts?.kind || "Event"}
      subtitle={facts ? exactTime(facts.received_at) : null}
    >
      {fate ? <Fated fate={fate} keyNames={keyNames} /> : null}
      {event.isLoading || quarantine.isLoading ? <SkeletonLines lines={8} /> : null}
      {event.error ? (
        <ProblemView title="The event could not be loaded" error={event.error} onRetry={() => void event.refetch()} />
      ) : null}
      {event.data ? <Stored event={event.data} /> : null}
      {kept && !event.data ? <Kept kept={kept} /> : null}
    </Drawer>
  );
}

function Fated({ fate, keyNames }: { fate: Fate; keyNames: Map<string, string> }) {
  return (
    <>
      {fate.reason ? (
        <p className={classNames(styles.reason, fate.status === "rejected" && styles.rejected)}>
          {fate.reason} <code>{fate.code}</code>
        </p>
      ) : null}
      <KeyFacts
        facts={[
          { name: "Outcome", value: <FateBadge status={fate.status} /> },
          { name: "Person", value: fate.person ? <code>{fate.person}</code> : null },
          { name: "User id", value: fate.user_id },
          { name: "Anonymous id", value: fate.anonymous_id },
          { name: "Message id", value: fate.message_id },
          { name: "Happened", value: exactTime(fate.at) },
          { name: "Key", value: keyNames.get(fate.write_key) ?? fate.write_key },
          { name: "Library", value: fate.library },
          {
            name: "Sent by",
            value: fate.agent_class
              ? `${fate.agent_class.replace("_", " ")} ${fate.agent_reason ? `(${fate.agent_reason})` : ""}`
              : null,
          },
        ]}
      />
    </>
  );
}

function Stored({ event }: { event: EventDetail }) {
  const columns = Object.entries(event.columns).map(([name, value]) => ({ name: name.replaceAll("_", " "), value }));
  return (
    <>
      {event.channel ? (
        <Section title="Why it has its channel">
          <ExplanationView explanation={event.channel} />
        </Section>
      ) : null}
      <Section title={event.kind === "identify" || event.kind === "group" ? "Traits" : "Properties"}>
        <JsonTree value={event.properties} />
      </Section>
      <Section title="What is stored">
        <KeyFacts
          facts={[
            ...columns,
            { name: "value", value: event.value ? `${event.value} ${event.currency}` : null },
            { name: "country known by", value: event.country_basis?.replaceAll("_", " ") },
            { name: "place in the log", value: event.offset },
          ]}
        />
      </Section>
      <Received raw={event.raw} />
    </>
  );
}

function Kept({ kept }: { kept: Quarantined }) {
  return (
    <>
      <KeyFacts
        facts={[
          { name: "Kept as", value: <code>{kept.id}</code> },
          { name: "Seen", value: `${counted(kept.seen, "time")}, last ${exactTime(kept.last_received_at)}` },
        ]}
      />
      <Received raw={parsed(kept.raw)} />
    </>
  );
}

function Received({ raw }: { raw: Json }) {
  return (
    <Section title="As it was received" actions={<CopyButton words text={JSON.stringify(raw, null, 2)} what="JSON" />}>
      <JsonTree value={raw} />
    </Section>
  );
}

/** A rejected message may be no JSON at all; then it is shown as the text it was. */
function parsed(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return text;
  }
}
