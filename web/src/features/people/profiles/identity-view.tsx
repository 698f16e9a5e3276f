import { dateTime } from "#/lib/format.ts";
import { Badge } from "#/ui/badge.tsx";
import { DataTable } from "#/ui/data-table.tsx";
import { Section } from "#/ui/section.tsx";
import type { Column } from "#/ui/table-model.ts";
import styles from "./person-page.module.css";
import type { IdentifierEdge, Identifiers, MergeEvidence } from "./queries.ts";

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
  { id: "at", header: "Since", width: 170, value: (edge) => edge.at, cell: (edge) => dateTime(edge.at) },
  { id: "source", header: "Learned from", value: (edge) => edge.source, cell: (edge) => <code>{edge.source}</code> },
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
    header: "came together with",
    value: (merge) => merge.other_identifier,
    cell: (merge) => <code>{merge.other_identifier}</code>,
  },
  { id: "at", header: "When", width: 170, value: (merge) => merge.at, cell: (merge) => dateTime(merge.at) },
  { id: "source", header: "In", value: (merge) => merge.source, cell: (merge) => <code>{merge.source}</code> },
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
      {merges.length > 0 ? (
        <Section title="Why this is one person" text="Keys of two persons that came in one event or one row.">
          <DataTable
            name="merges"
            one="merge"
            rows={merges}
            columns={MERGES}
            rowId={(merge) => `${merge.person} ${merge.other} ${merge.at}`}
          />
        </Section>
      ) : null}
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
