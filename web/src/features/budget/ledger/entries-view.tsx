import { useInfiniteQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { useMay } from "#/app/session.ts";
import { day, days, money } from "#/lib/format.ts";
import { rowsOf } from "#/lib/pages.ts";
import { Badge } from "#/ui/badge.tsx";
import { Button } from "#/ui/button.tsx";
import { ChannelChip } from "#/ui/channel-chip.tsx";
import { ConfirmDialog } from "#/ui/confirm-dialog.tsx";
import { DataTable } from "#/ui/data-table.tsx";
import { EmptyState } from "#/ui/empty-state.tsx";
import { FilterChip } from "#/ui/filter-chip.tsx";
import { Moment } from "#/ui/moment.tsx";
import { ProblemView } from "#/ui/problem-view.tsx";
import { SearchInput } from "#/ui/search-input.tsx";
import type { Column } from "#/ui/table-model.ts";
import styles from "./ledger.module.css";
import { type Entry, entriesQuery, type LedgerSearch, useReverse } from "./queries.ts";

const route = getRouteApi("/shell/ledger");

/** The lines of the ledger, newest first. */
export function EntriesView() {
  const { q, channel, from, to } = route.useSearch();
  const navigate = route.useNavigate();
  const entries = useInfiniteQuery(entriesQuery({ q, channel, from, to }));
  const rows = useMemo(() => rowsOf(entries.data), [entries.data]);
  const may = useMay("ledger.write");
  const reverse = useReverse();
  const [asked, setAsked] = useState<Entry | undefined>(undefined);
  const columns = useMemo(() => columnsOf(may, setAsked), [may]);
  const change = (part: LedgerSearch) => void navigate({ search: (before) => ({ ...before, ...part }), replace: true });
  const filtered = q ?? channel ?? from ?? to;
  return (
    <div className={styles.stack}>
      <div className={styles.bar}>
        <SearchInput
          label="Campaign, ad or note"
          value={q ?? ""}
          onChange={(next) => change({ q: next || undefined })}
        />
        {channel ? <FilterChip name="Channel" value={channel} onRemove={() => change({ channel: undefined })} /> : null}
        {from || to ? (
          <FilterChip
            name="Days"
            value={daysText(from, to)}
            onRemove={() => change({ from: undefined, to: undefined })}
          />
        ) : null}
      </div>
      {entries.error ? (
        <ProblemView
          title="The lines could not be loaded"
          error={entries.error}
          onRetry={() => void entries.refetch()}
        />
      ) : (
        <DataTable
          name="lines"
          one="line"
          rows={rows}
          columns={columns}
          rowId={(entry) => entry.id}
          loading={entries.isPending}
          empty={
            filtered ? (
              <EmptyState title="No line matches">No line fits the search, the channel and the days.</EmptyState>
            ) : (
              <EmptyState title="No spend yet">
                Every line of an imported report and every line entered by hand stands here, with the rate it was
                converted at and the touches it found.
              </EmptyState>
            )
          }
          more={{
            available: entries.hasNextPage,
            loading: entries.isFetchingNextPage,
            fetch: () => void entries.fetchNextPage(),
          }}
        />
      )}
      <ConfirmDialog
        open={asked !== undefined}
        title="Reverse this line?"
        text={
          asked
            ? `A second line of −${money(asked.amount)} on ${day(asked.date)} takes it out of every sum. Both stay in sight.`
            : ""
        }
        action="Reverse line"
        busy={reverse.isPending}
        onClose={() => setAsked(undefined)}
        onConfirm={() =>
          asked && reverse.mutate({ id: asked.id, reason: "" }, { onSettled: () => setAsked(undefined) })
        }
      />
    </div>
  );
}

function columnsOf(may: boolean, onReverse: (entry: Entry) => void): Column<Entry>[] {
  return [
    { id: "date", header: "Date", width: 116, value: (entry) => entry.date, cell: (entry) => day(entry.date) },
    {
      id: "channel",
      header: "Channel",
      width: 140,
      value: (entry) => entry.channel,
      cell: (entry) => <ChannelChip name={entry.channel} />,
    },
    { id: "campaign", header: "Campaign", widthLeast: 220, value: (entry) => entry.campaign || entry.campaign_id },
    {
      id: "amount",
      header: "Amount",
      width: 116,
      align: "right",
      value: (entry) => Number(entry.amount.amount),
      currency: (entry) => entry.amount.currency,
      cell: (entry) => <span className={entry.reversed_by ? styles.reversed : undefined}>{money(entry.amount)}</span>,
    },
    {
      id: "converted",
      header: "Converted",
      width: 116,
      align: "right",
      value: (entry) => (entry.converted ? Number(entry.converted.amount) : null),
      currency: (entry) => entry.converted?.currency,
      cell: (entry) =>
        entry.converted ? (
          <span title={entry.rate ? `At ${entry.rate.rate} of ${day(entry.rate.date)}` : undefined}>
            {money(entry.converted)}
          </span>
        ) : (
          <Badge tone="warning">no rate</Badge>
        ),
    },
    {
      id: "state",
      header: "State",
      width: 150,
      value: (entry) => stateOf(entry),
      cell: (entry) => <span title={entry.problem ?? undefined}>{stateOf(entry)}</span>,
    },
    { id: "system", header: "From", width: 116, value: (entry) => entry.system },
    { id: "ad", header: "Ad", hidden: true, value: (entry) => entry.ad },
    { id: "note", header: "Note", hidden: true, value: (entry) => entry.note },
    {
      id: "entered_at",
      header: "Entered",
      hidden: true,
      value: (entry) => entry.entered_at,
      cell: (entry) => <Moment at={entry.entered_at} />,
    },
    {
      id: "actions",
      header: "Actions",
      tools: true,
      width: 100,
      align: "right",
      value: () => null,
      cell: (entry) =>
        may && !entry.reversed_by && !entry.reverses ? (
          <Button look="quiet" size="small" onClick={() => onReverse(entry)}>
            Reverse
          </Button>
        ) : null,
    },
  ];
}

function daysText(from: string | undefined, to: string | undefined): string {
  if (from && to) return days({ from, to });
  return from ? `from ${day(from)}` : `until ${day(to ?? "")}`;
}

function stateOf(entry: Entry): string {
  if (entry.reversed_by) return "reversed";
  if (entry.reverses) return "a reversal";
  return entry.problem ?? "matched";
}
