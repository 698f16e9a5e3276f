import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { useMay } from "#/app/session.ts";
import { counted, day, money, moneyRound } from "#/lib/format.ts";
import { Button } from "#/ui/button.tsx";
import { ChannelChip } from "#/ui/channel-chip.tsx";
import { Combobox } from "#/ui/combobox.tsx";
import { DataTable } from "#/ui/data-table.tsx";
import { Dialog } from "#/ui/dialog.tsx";
import { ProblemView } from "#/ui/problem-view.tsx";
import { Section } from "#/ui/section.tsx";
import { SkeletonLines } from "#/ui/skeleton.tsx";
import type { Column } from "#/ui/table-model.ts";
import { TextInput } from "#/ui/text-input.tsx";
import { toast } from "#/ui/toasts.ts";
import { WithCode, withoutCode } from "#/ui/with-code.tsx";
import styles from "./ledger.module.css";
import { CHANNELS, mappingsQuery, type SpendMapping, type Unmatched, unmatchedQuery, useMapSpend } from "./queries.ts";

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
      <Mappings may={may} />
      {unconverted.length > 0 ? (
        <Section title="Without an exchange rate">
          <ul>
            {unconverted.map((one) => (
              <li key={one.currency}>
                {money(one.amount)} in {counted(one.lines, "line")}, {day(one.first)} to {day(one.last)}.{" "}
                <Link to="/ledger" search={(before) => ({ ...before, view: "rates" as const })}>
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
      currency: (row) => row.converted.currency,
      cell: (row) => <span title={money(row.converted)}>{moneyRound(row.converted)}</span>,
    },
    { id: "lines", header: "Lines", width: 80, align: "right", value: (row) => row.lines },
    { id: "last", header: "Last", width: 120, value: (row) => row.last, cell: (row) => day(row.last) },
    { id: "reason", header: "Why", value: (row) => withoutCode(row.reason) },
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
            Map
          </Button>
        ) : null,
    },
  ];
}

/** What was mapped by hand, and the way back. */
function Mappings({ may }: { may: boolean }) {
  const mappings = useQuery(mappingsQuery);
  const map = useMapSpend();
  const save = map.mutate;
  const columns = useMemo<Column<SpendMapping>[]>(() => {
    const takeBack = (row: SpendMapping) =>
      save(
        { spend_key: row.spend_key, campaign: "", channel: null },
        { onSuccess: () => toast("Took the mapping back", { undo: () => save(row) }) },
      );
    return [
      { id: "spend", header: "Spend of", value: (row) => row.spend_key, cell: (row) => <code>{row.spend_key}</code> },
      { id: "campaign", header: "Campaign of the touches", value: (row) => row.campaign },
      {
        id: "channel",
        header: "Channel",
        width: 160,
        value: (row) => row.channel,
        cell: (row) => (row.channel ? <ChannelChip name={row.channel} /> : "as the touches say"),
      },
      {
        id: "actions",
        header: "Actions",
        tools: true,
        width: 110,
        align: "right",
        value: () => null,
        cell: (row) =>
          may ? (
            <Button look="quiet" size="small" onClick={() => takeBack(row)}>
              Take back
            </Button>
          ) : null,
      },
    ];
  }, [may, save]);
  if (mappings.error) {
    return (
      <ProblemView
        title="The mappings could not be loaded"
        error={mappings.error}
        onRetry={() => void mappings.refetch()}
      />
    );
  }
  if (!mappings.data || mappings.data.items.length === 0) return null;
  return (
    <Section
      title="Mapped by hand"
      text="Each holds for all lines of its campaign, old and new, until it is taken back."
    >
      <DataTable
        name="mappings"
        one="mapping"
        rows={mappings.data.items}
        columns={columns}
        rowId={(row) => row.spend_key}
      />
    </Section>
  );
}

function MapDialog({ spend, onClose }: { spend: Unmatched; onClose: () => void }) {
  const map = useMapSpend();
  const [campaign, setCampaign] = useState(spend.suggestions[0] ?? "");
  const [channel, setChannel] = useState<string | null>(null);
  const save = () =>
    map.mutate(
      { spend_key: spend.spend_key, campaign: campaign.trim(), channel },
      {
        onSuccess: () => {
          toast(`Mapped to ${[campaign.trim(), channel].filter(Boolean).join(", ")}`, {
            undo: () => map.mutate({ spend_key: spend.spend_key, campaign: "", channel: null }),
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
      title={`Map ${spend.campaign || spend.spend_key}`}
      text={<WithCode text={spend.reason} />}
      actions={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button
            type="submit"
            look="primary"
            busy={map.isPending}
            disabled={campaign.trim() === "" && channel === null}
          >
            Map spend
          </Button>
        </>
      }
    >
      <TextInput
        label="Campaign of the touches"
        optional
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
      <Combobox
        label="Channel"
        options={[
          { value: "", label: "As the touches say" },
          ...CHANNELS.map((name) => ({ value: name, label: name })),
        ]}
        value={channel ?? ""}
        onChange={(next) => setChannel(next || null)}
        hint="For spend that no touch will ever carry; it wins over what the touches say."
      />
    </Dialog>
  );
}
