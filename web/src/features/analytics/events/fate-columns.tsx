import { Link } from "@tanstack/react-router";
import { Badge, type Tone } from "#/ui/badge.tsx";
import { ChannelChip } from "#/ui/channel-chip.tsx";
import { Moment } from "#/ui/moment.tsx";
import type { Column } from "#/ui/table-model.ts";
import { withoutCode } from "#/ui/with-code.tsx";
import styles from "./live-page.module.css";
import type { Fate, FateStatus } from "./queries.ts";

const TONES: Record<FateStatus, Tone> = {
  accepted: "neutral",
  duplicate: "neutral",
  suspicious: "warning",
  rejected: "danger",
};

/** What became of a message, in one word. */
export function FateBadge({ status }: { status: FateStatus }) {
  return <Badge tone={TONES[status]}>{status}</Badge>;
}

/** The columns of the live page. */
export function fateColumns(keyNames: Map<string, string>): Column<Fate>[] {
  return [
    {
      id: "received_at",
      header: "Received",
      width: 104,
      value: (fate) => fate.received_at,
      cell: (fate) => <Moment at={fate.received_at} look="clock" />,
    },
    {
      id: "status",
      header: "Outcome",
      width: 112,
      value: (fate) => fate.status,
      cell: (fate) => <FateBadge status={fate.status} />,
    },
    {
      id: "name",
      header: "Event",
      value: (fate) => fate.name || fate.kind,
      cell: (fate) => (
        <span className={styles.event}>
          <span>{fate.name || "(no name)"}</span>
          <span className={styles.kind}>{fate.kind}</span>
        </span>
      ),
    },
    {
      id: "reason",
      header: "Reason",
      value: (fate) => withoutCode(fate.reason || (fate.agent_class === "human" ? "" : (fate.agent_reason ?? ""))),
    },
    {
      id: "person",
      header: "Person",
      value: (fate) => fate.user_id || fate.anonymous_id || fate.person,
      cell: (fate) => {
        const text = <code>{fate.user_id || fate.anonymous_id || fate.person || "–"}</code>;
        return fate.person ? (
          <Link to="/people/$id" params={{ id: fate.person }}>
            {text}
          </Link>
        ) : (
          text
        );
      },
    },
    {
      id: "channel",
      header: "Channel",
      width: 150,
      value: (fate) => fate.channel,
      cell: (fate) => (fate.channel ? <ChannelChip name={fate.channel} /> : "–"),
    },
    { id: "url", header: "Page", hidden: true, value: (fate) => fate.url },
    { id: "library", header: "Library", width: 190, hidden: true, value: (fate) => fate.library },
    { id: "agent", header: "Sent by", width: 100, hidden: true, value: (fate) => fate.agent_class.replace("_", " ") },
    { id: "write_key", header: "Key", width: 140, value: (fate) => keyNames.get(fate.write_key) ?? fate.write_key },
    {
      id: "message_id",
      header: "Message id",
      hidden: true,
      value: (fate) => fate.message_id,
      cell: (fate) => <code>{fate.message_id}</code>,
    },
  ];
}
