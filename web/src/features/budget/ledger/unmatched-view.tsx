import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { useMay } from "#/app/session.ts";
import { counted, day, money, moneyRound } from "#/lib/format.ts";
import { Button } from "#/ui/button.tsx";
import { ChannelChip } from "#/ui/channel-chip.tsx";
import { DataTable } from "#/ui/data-table.tsx";
import { Dialog } from "#/ui/dialog.tsx";
import { ProblemView } from "#/ui/problem-view.tsx";
import { Section } from "#/ui/section.tsx";
import { SkeletonLines } from "#/ui/skeleton.tsx";
import type { Column } from "#/ui/table-model.ts";
import { TextInput } from "#/ui/text-input.tsx";
import { toast } from "#/ui/toasts.ts";
import styles from "./ledger.module.css";
import { type Unmatched, unmatchedQuery, useMapSpend } from "./queries.ts";

/** Spend that paid for no known touch: it is listed, not lost. */
export function UnmatchedView() {
  const report = useQuery(unmatchedQuery);
  const may = useMay("ledger.write");
  const [mapping, setMapping] = useState<Unmatched | undefined>(undefined);
  const columns = useMemo(() => columnsOf(may, setMapping), [may]);
  if (report.error) {
    return (
      <ProblemView
        title="The unmatched spend could not be loaded"
        error={report.error}
        onRetry={() => void report.refetch()}
      />
    );
  }
  if (!report.data) return <SkeletonLines lines={6} />;
  const { campaigns, unconverted } = report.data;
  return (
    <div className={styles.stack}>
      <p className={styles.muted}>
        Spend finds its touches by click id, by campaign id (utm_id), then by campaign name. What is left counts as
        cost, but earns no credit.
      </p>
      <DataTable
        name="unmatched campaigns"
        one="campaign"
        rows={campaigns}
        columns={columns}
        rowId={(row) => row.spend_key}
        empty={<p className={styles.muted}>All spend has found its touches.</p>}
      />
      {unconverted.length > 0 ? (
        <Section title="Without an exchange rate">
          <ul>
            {unconverted.map((one) => (
              <li key={one.currency}>
                {money(one.amount)} in {counted(one.lines, "line")}, {day(one.first)} to {day(one.last)}.{" "}
                <Link to="/ledger" search={{ view: "rates" }}>
                  Enter rates
                </Link>
              </li>
            ))}
          </ul>
        </Section>
      ) : null}
      {mapping ? <MapDialog spend={mapping} onClose={() => setMapping(undefined)} /> : null}
    </div>
  );
}

function columnsOf(may: boolean, onMap: (row: Unmatched) => void): Column<Unmatched>[] {
  return [
    { id: "campaign", header: "Campaign", value: (row) => row.campaign || row.campaign_id || row.spend_key },
    {
      id: "channel",
      header: "Channel",
      width: 150,
      value: (row) => row.channel,
      cell: (row) => <ChannelChip name={row.channel} />,
    },
    { id: "system", header: "From", width: 120, value: (row) => row.system },
    {
      id: "converted",
      header: "Spend",
      width: 120,
      align: "right",
      value: (row) => Number(row.converted.amount),
      cell: (row) => <span title={money(row.converted)}>{moneyRound(row.converted)}</span>,
    },
    { id: "lines", header: "Lines", width: 80, align: "right", value: (row) => row.lines },
    { id: "last", header: "Last", width: 120, value: (row) => row.last, cell: (row) => day(row.last) },
    { id: "reason", header: "Why", value: (row) => row.reason },
    {
      id: "actions",
      header: "Actions",
      tools: true,
      width: 90,
      align: "right",
      value: () => null,
      cell: (row) =>
        may ? (
          <Button look="quiet" size="small" onClick={() => onMap(row)}>
            Match
          </Button>
        ) : null,
    },
  ];
}

function MapDialog({ spend, onClose }: { spend: Unmatched; onClose: () => void }) {
  const map = useMapSpend();
  const [campaign, setCampaign] = useState(spend.suggestions[0] ?? "");
  const save = () =>
    map.mutate(
      { spend_key: spend.spend_key, campaign: campaign.trim() },
      {
        onSuccess: () => {
          toast(`Matched to ${campaign.trim()}`, {
            undo: () => map.mutate({ spend_key: spend.spend_key, campaign: "" }),
          });
          onClose();
        },
      },
    );
  return (
    <Dialog
      open
      onClose={onClose}
      onSubmit={save}
      title={`Match ${spend.campaign || spend.spend_key}`}
      text={spend.reason}
      actions={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" look="primary" busy={map.isPending} disabled={campaign.trim() === ""}>
            Match spend
          </Button>
        </>
      }
    >
      <TextInput
        label="Campaign of the touches"
        value={campaign}
        onChange={setCampaign}
        hint="As it stands in utm_campaign."
      />
      {spend.suggestions.length > 0 ? (
        <div className={styles.bar}>
          {spend.suggestions.map((suggestion) => (
            <Button key={suggestion} size="small" onClick={() => setCampaign(suggestion)}>
              {suggestion}
            </Button>
          ))}
        </div>
      ) : null}
    </Dialog>
  );
}
