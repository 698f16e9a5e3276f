import { useMemo, useState } from "react";
import { SourceLink } from "#/app/record-links.tsx";
import { useMay } from "#/app/session.ts";
import { Badge } from "#/ui/badge.tsx";
import { Button } from "#/ui/button.tsx";
import { ConfirmDialog } from "#/ui/confirm-dialog.tsx";
import { DataTable } from "#/ui/data-table.tsx";
import { Moment } from "#/ui/moment.tsx";
import { Section } from "#/ui/section.tsx";
import type { Column } from "#/ui/table-model.ts";
import { toast } from "#/ui/toasts.ts";
import styles from "./person-page.module.css";
import { type IdentifierEdge, type Identifiers, type MergeEvidence, useSeparate } from "./queries.ts";

const EDGES: Column<IdentifierEdge>[] = [
  { id: "kind", header: "Kind", width: 130, value: (edge) => edge.kind.replaceAll("_", " ") },
  { id: "value", header: "Value", value: (edge) => edge.value, cell: (edge) => <code>{edge.value}</code> },
  {
    id: "state",
    header: "State",
    width: 110,
    value: (edge) => edge.state,
    cell: (edge) => <Badge>{edge.state.replaceAll("_", " ")}</Badge>,
  },
  { id: "at", header: "Since", width: 170, value: (edge) => edge.at, cell: (edge) => <Moment at={edge.at} /> },
  {
    id: "source",
    header: "Learned from",
    value: (edge) => edge.source,
    cell: (edge) => <SourceLink source={edge.source} />,
  },
  { id: "event_id", header: "Message", hidden: true, value: (edge) => edge.event_id },
  { id: "via", header: "Through", hidden: true, value: (edge) => edge.via },
];

const MERGES: Column<MergeEvidence>[] = [
  {
    id: "identifier",
    header: "This key",
    value: (merge) => merge.identifier,
    cell: (merge) => <code>{merge.identifier}</code>,
  },
  {
    id: "other",
    header: "Came together with",
    value: (merge) => merge.other_identifier,
    cell: (merge) => <code>{merge.other_identifier}</code>,
  },
  { id: "at", header: "When", width: 170, value: (merge) => merge.at, cell: (merge) => <Moment at={merge.at} /> },
  { id: "source", header: "In", value: (merge) => merge.source, cell: (merge) => <SourceLink source={merge.source} /> },
  { id: "state", header: "State", width: 110, value: (merge) => merge.state.replaceAll("_", " ") },
];

/** Every key of a person with the event or the file that made the link, so that nothing about identity is a riddle. */
export function IdentityView({ identifiers }: { identifiers: Identifiers }) {
  const { edges, merges, refused } = identifiers;
  return (
    <div className={styles.stack}>
      <Section title="Known by" text="Each key with what linked it to this person.">
        <DataTable
          name="identifiers"
          one="identifier"
          rows={edges}
          columns={EDGES}
          rowId={(edge) => `${edge.kind} ${edge.value} ${edge.at}`}
          empty={<p className={styles.muted}>No key is known.</p>}
        />
      </Section>
      {merges.length > 0 ? <Merges merges={merges} /> : null}
      {refused.length > 0 ? (
        <Section title="Keys that were refused">
          <ul className={styles.list}>
            {refused.map((one) => (
              <li key={`${one.identifier} ${one.at}`}>
                <code>{one.identifier}</code> <span className={styles.muted}>{one.reason}</span>
              </li>
            ))}
          </ul>
        </Section>
      ) : null}
    </div>
  );
}

/** What joined the persons, and the way back. */
function Merges({ merges }: { merges: MergeEvidence[] }) {
  const may = useMay("people.write");
  const separate = useSeparate();
  const [asked, setAsked] = useState<MergeEvidence>();
  const columns = useMemo(() => (may ? [...MERGES, toolsOf(setAsked)] : MERGES), [may]);
  const done = () => toast("They are two persons again", { text: "Numbers follow within seconds." });
  return (
    <Section title="Why this is one person" text="Keys of two persons that came in one event or one row.">
      <DataTable
        name="merges"
        one="merge"
        rows={merges}
        columns={columns}
        rowId={(merge) => `${merge.person} ${merge.other} ${merge.source}`}
      />
      <ConfirmDialog
        open={asked !== undefined}
        title="Take this merge back?"
        text={
          <>
            What <code>{asked?.identifier}</code> and <code>{asked?.other_identifier}</code> brought with them is two
            persons again, each with its own events, values and deals. Later events will not join them; the audit trail
            keeps who separated them.
          </>
        }
        action="Separate"
        busy={separate.isPending}
        onClose={() => setAsked(undefined)}
        onConfirm={() => asked && separate.mutate(asked, { onSuccess: done, onSettled: () => setAsked(undefined) })}
      />
    </Section>
  );
}

function toolsOf(ask: (merge: MergeEvidence) => void): Column<MergeEvidence> {
  return {
    id: "tools",
    header: "Actions",
    width: 110,
    tools: true,
    value: () => null,
    cell: (merge) =>
      merge.state === "merged" ? (
        <Button size="small" onClick={() => ask(merge)}>
          Separate
        </Button>
      ) : null,
  };
}
