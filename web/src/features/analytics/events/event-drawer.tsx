import { useQuery } from "@tanstack/react-query";
import { PersonLink } from "#/app/record-links.tsx";
import { ExplanationView } from "#/features/analytics/channels/explanation-view.tsx";
import { classNames } from "#/lib/class-names.ts";
import { counted, exactTime } from "#/lib/format.ts";
import { CopyButton } from "#/ui/copy-button.tsx";
import { Drawer } from "#/ui/drawer.tsx";
import { EmptyState } from "#/ui/empty-state.tsx";
import { type Json, JsonTree } from "#/ui/json-tree.tsx";
import { KeyFacts } from "#/ui/key-facts.tsx";
import { ProblemView } from "#/ui/problem-view.tsx";
import { Section } from "#/ui/section.tsx";
import { SkeletonLines } from "#/ui/skeleton.tsx";
import { WithCode, withoutCode } from "#/ui/with-code.tsx";
import { FateBadge } from "./fate-columns.tsx";
import styles from "./live-page.module.css";
import { type EventDetail, eventQuery, type Fate, fateQuery, type Quarantined, quarantinedQuery } from "./queries.ts";

interface EventDrawerProps {
  /** The event's place in the log, its row in the quarantine, or (`s12`) its place in the stream. */
  open: string;
  /** Its row in the stream, while it is there. */
  fate?: Fate | undefined;
  /** Its row in the quarantine, where that was loaded already. */
  kept?: Quarantined | undefined;
  keyNames: Map<string, string>;
  onClose: () => void;
}

/** One message: what became of it, what it says, and why it has its channel. */
export function EventDrawer({ open, keyNames, onClose, ...known }: EventDrawerProps) {
  const offset = /^\d+$/.test(open) ? Number(open) : undefined;
  const sequence = /^s\d+$/.test(open) ? Number(open.slice(1)) : undefined;
  const found = useQuery(fateQuery(known.fate ? undefined : sequence));
  const fate = known.fate ?? found.data ?? undefined;
  const event = useQuery(eventQuery(offset ?? known.kept?.offset ?? undefined));
  const row = open.startsWith("qua_") ? open : (fate?.quarantine ?? undefined);
  const quarantine = useQuery(quarantinedQuery(known.kept ? undefined : row));
  const kept = known.kept ?? quarantine.data ?? undefined;
  const facts = fate ?? kept ?? event.data;
  const waits = event.isLoading || quarantine.isLoading || found.isLoading;
  const error = event.error ?? quarantine.error ?? found.error;
  const retry = () => {
    for (const query of [event, quarantine, found]) if (query.error) void query.refetch();
  };
  return (
    <Drawer
      open
      wide
      onClose={onClose}
      title={facts?.name || facts?.kind || "Event"}
      subtitle={facts ? exactTime(facts.received_at) : null}
    >
      {fate ? <Fated fate={fate} keyNames={keyNames} /> : null}
      {kept ? <Kept kept={kept} fated={fate !== undefined} keyNames={keyNames} /> : null}
      {waits ? <SkeletonLines lines={8} /> : null}
      {error ? <ProblemView title="The event could not be loaded" error={error} onRetry={retry} /> : null}
      {event.data ? <Stored event={event.data} fated={fate !== undefined} keyNames={keyNames} /> : null}
      {kept && !event.data && !event.isLoading ? <Received raw={parsed(kept.raw)} /> : null}
      {facts || waits || error ? null : <Missing open={open} />}
    </Drawer>
  );
}

function Fated({ fate, keyNames }: { fate: Fate; keyNames: Map<string, string> }) {
  return (
    <>
      {fate.reason ? <Reason status={fate.status} reason={fate.reason} code={fate.code} /> : null}
      <KeyFacts
        facts={[
          { name: "Outcome", value: <FateBadge status={fate.status} /> },
          { name: "Person", value: fate.person ? <PersonLink id={fate.person} /> : null },
          { name: "User id", value: fate.user_id },
          { name: "Anonymous id", value: fate.anonymous_id },
          { name: "Message id", value: fate.message_id },
          { name: "Happened", value: exactTime(fate.at) },
          { name: "Key", value: keyNames.get(fate.write_key) ?? fate.write_key },
          { name: "Library", value: fate.library },
          {
            name: "Sent by",
            value: fate.agent_class
              ? `${fate.agent_class.replace("_", " ")} ${fate.agent_reason ? `(${withoutCode(fate.agent_reason)})` : ""}`
              : null,
          },
        ]}
      />
    </>
  );
}

function Stored({ event, fated, keyNames }: { event: EventDetail; fated: boolean; keyNames: Map<string, string> }) {
  const columns = Object.entries(event.columns).map(([name, value]) => ({
    name: name.replaceAll("_", " "),
    value: name === "write_key" ? (keyNames.get(value) ?? value) : value,
  }));
  return (
    <>
      {fated ? null : (
        <KeyFacts
          facts={[
            { name: "Person", value: event.person ? <PersonLink id={event.person} /> : null },
            { name: "Message id", value: event.event_id },
            { name: "Happened", value: exactTime(event.at) },
          ]}
        />
      )}
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

function Kept({ kept, fated, keyNames }: { kept: Quarantined; fated: boolean; keyNames: Map<string, string> }) {
  const own = [
    { name: "Outcome", value: <FateBadge status={kept.status} /> },
    { name: "User id", value: kept.user_id },
    { name: "Anonymous id", value: kept.anonymous_id },
    { name: "Message id", value: kept.message_id },
    { name: "Key", value: keyNames.get(kept.write_key) ?? kept.write_key },
    { name: "Library", value: kept.library },
  ];
  return (
    <>
      {fated ? null : <Reason status={kept.status} reason={kept.reason} code={kept.code} />}
      <KeyFacts
        facts={[
          ...(fated ? [] : own),
          { name: "Kept as", value: <code>{kept.id}</code> },
          { name: "Seen", value: `${counted(kept.seen, "time")}, last ${exactTime(kept.last_received_at)}` },
        ]}
      />
    </>
  );
}

function Reason({ status, reason, code }: Pick<Fate, "status" | "reason" | "code">) {
  return (
    <p className={classNames(styles.reason, status === "rejected" && styles.rejected)}>
      <WithCode text={reason} /> <code>{code}</code>
    </p>
  );
}

/** An address that leads to nothing any more. */
function Missing({ open }: { open: string }) {
  return (
    <EmptyState title="This event cannot be found">
      {open.startsWith("s")
        ? "Its address was a place in the stream, which holds only until the server starts again, and for the last 2,000 messages."
        : open.startsWith("qua_")
          ? "It is not among the newest 10,000 messages of the quarantine. Narrow the quarantine to its reason to find it."
          : "The address names no event. It may have been cut short."}
    </EmptyState>
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
