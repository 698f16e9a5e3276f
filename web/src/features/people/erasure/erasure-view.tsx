import { useQueryClient } from "@tanstack/react-query";
import { useJob } from "#/features/platform/jobs/queries.ts";
import { number } from "#/lib/format.ts";
import { Badge } from "#/ui/badge.tsx";
import { DataTable } from "#/ui/data-table.tsx";
import { KeyFacts } from "#/ui/key-facts.tsx";
import { Moment } from "#/ui/moment.tsx";
import { Progress } from "#/ui/progress.tsx";
import { Section } from "#/ui/section.tsx";
import type { Column } from "#/ui/table-model.ts";
import styles from "./erasure.module.css";
import type { Erasure, ErasureReport } from "./queries.ts";

type EventFile = ErasureReport["files"][number];

const FILES: Column<EventFile>[] = [
  { id: "path", header: "Event file", value: (file) => file.path, cell: (file) => <code>{file.path}</code> },
  { id: "rows_before", header: "Events before", width: 130, align: "right", value: (file) => file.rows_before },
  { id: "rows_after", header: "Events after", width: 130, align: "right", value: (file) => file.rows_after },
];

/** Where an erasure stands, as a badge. */
export function ErasureBadge({ erasure }: { erasure: Erasure }) {
  return erasure.state === "done" ? <Badge>erased</Badge> : <Badge tone="warning">being erased</Badge>;
}

/** How far an erasure is, then its proof. */
export function ErasureView({ erasure }: { erasure: Erasure }) {
  const queries = useQueryClient();
  const refresh = () => void queries.invalidateQueries({ queryKey: ["people"] });
  const running = erasure.state === "running" ? (erasure.job ?? undefined) : undefined;
  const job = useJob(running, refresh);
  return (
    <div className={styles.stack}>
      {running && !job?.error ? (
        <Progress label="Erasing the person" done={job?.done ?? 0} total={job?.total ?? 0} note={job?.note} />
      ) : null}
      {running && job?.error ? (
        <p role="alert">
          It is not done: {job.error}{" "}
          {job.state === "failed" ? "Erase the person again to go on." : "It is tried again."}
        </p>
      ) : null}
      {erasure.report ? <Report erasure={erasure} report={erasure.report} /> : null}
    </div>
  );
}

function Report({ erasure, report }: { erasure: Erasure; report: ErasureReport }) {
  const { proof, records } = report;
  return (
    <>
      <Section
        title="Proof"
        text={`After the erasure ${number(proof.files_searched)} event files were searched, in memory and on disk: ${number(proof.rows_found)} events of the person among ${number(proof.rows_searched)}.`}
      >
        <KeyFacts
          facts={[
            { name: "Searched", value: <Moment at={proof.at} /> },
            { name: "Events found", value: number(proof.rows_found) },
            { name: "Records found", value: number(proof.records_found) },
            { name: "Old log segments left", value: number(proof.log_segments_left) },
            { name: "Files set aside, searched too", value: number(proof.orphans_searched) },
            { name: "SHA-256 of the report", value: <code className={styles.hash}>{erasure.sha256}</code> },
            { name: "Asked for by", value: <code>{erasure.requested_by}</code> },
            {
              name: "Comes back",
              value: erasure.keep_out
                ? `No: ${number(records.keys_listed)} keys are refused, kept as hashes`
                : "Yes, with what happens from now on",
            },
            { name: "Refused since", value: `${number(erasure.late_events)} events` },
          ]}
        />
      </Section>
      <Section title="Erased">
        <KeyFacts
          facts={[
            { name: "Events", value: number(report.events) },
            { name: "Profiles", value: number(records.profiles) },
            { name: "Keys", value: number(records.identifiers) },
            { name: "Merges", value: number(records.merges) },
            { name: "Places in companies", value: number(records.memberships) },
            { name: "Roles in deals", value: number(records.deal_roles) },
            { name: "Earlier values", value: number(records.versions) },
            { name: "Rows of import reports", value: number(records.import_rows) },
            { name: "Import changes that could be undone", value: number(records.import_images) },
            { name: "Lines of uploaded files", value: number(records.import_lines) },
            { name: "Messages", value: number(records.messages) },
          ]}
        />
      </Section>
      <Section title="Event files" text="Files that held events of the person, written again without them.">
        <DataTable
          name="erased-files"
          one="file"
          rows={report.files}
          columns={FILES}
          rowId={(file) => file.path}
          empty={<p className={styles.muted}>No file held an event of the person.</p>}
        />
      </Section>
    </>
  );
}
