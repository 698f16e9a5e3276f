import { useInfiniteQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { fieldError } from "#/api/problem.ts";
import { useMay, useSession } from "#/app/session.ts";
import { isDate, today } from "#/lib/dates.ts";
import { day } from "#/lib/format.ts";
import { rowsOf } from "#/lib/pages.ts";
import { Button } from "#/ui/button.tsx";
import { DataTable } from "#/ui/data-table.tsx";
import { ProblemView } from "#/ui/problem-view.tsx";
import type { Column } from "#/ui/table-model.ts";
import { TextInput } from "#/ui/text-input.tsx";
import { toast } from "#/ui/toasts.ts";
import styles from "./ledger.module.css";
import { type RateLine, ratesQuery, useSetRate } from "./queries.ts";

const COLUMNS: Column<RateLine>[] = [
  { id: "date", header: "Date", width: 140, value: (rate) => rate.date, cell: (rate) => day(rate.date) },
  { id: "from", header: "One", width: 100, value: (rate) => rate.from },
  {
    id: "rate",
    header: "is",
    width: 140,
    align: "right",
    value: (rate) => Number(rate.rate),
    cell: (rate) => rate.rate,
  },
  { id: "to", header: "of", value: (rate) => rate.to },
];

/** What one unit of another currency is worth in the workspace's own, day by day. */
export function RatesView() {
  const rates = useInfiniteQuery(ratesQuery);
  const rows = useMemo(() => rowsOf(rates.data), [rates.data]);
  const may = useMay("ledger.write");
  return (
    <div className={styles.stack}>
      {may ? <RateForm /> : null}
      {rates.error ? (
        <ProblemView title="The rates could not be loaded" error={rates.error} onRetry={() => void rates.refetch()} />
      ) : (
        <DataTable
          name="rates"
          one="rate"
          rows={rows}
          columns={COLUMNS}
          rowId={(rate) => `${rate.date} ${rate.from} ${rate.to ?? ""}`}
          loading={rates.isPending}
          empty={
            <p className={styles.muted}>
              No rates yet. They are needed only for spend and deals in another currency; a day without one takes the
              last before it.
            </p>
          }
          more={{
            available: rates.hasNextPage,
            loading: rates.isFetchingNextPage,
            fetch: () => void rates.fetchNextPage(),
          }}
        />
      )}
    </div>
  );
}

function RateForm() {
  const { workspace } = useSession();
  const set = useSetRate();
  const [draft, setDraft] = useState({ date: today(workspace.time_zone), from: "", rate: "" });
  const ready = isDate(draft.date) && /^[A-Za-z]{3}$/.test(draft.from.trim()) && Number(draft.rate) > 0;
  const submit = (event: React.FormEvent) => {
    event.preventDefault();
    if (!ready) return;
    const line = {
      date: draft.date,
      from: draft.from.trim().toUpperCase(),
      to: workspace.currency,
      rate: draft.rate.trim(),
    };
    set.mutate(line, {
      onSuccess: () => {
        toast(`One ${line.from} is ${line.rate} ${workspace.currency} from ${day(line.date)}`);
        setDraft({ ...draft, rate: "" });
      },
    });
  };
  const known = ["items[0].rate", "items[0].from", "items[0].date"].some((field) => fieldError(set.error, field));
  return (
    <form className={styles.bar} onSubmit={submit}>
      {set.error && !known ? <ProblemView title="The rate was not entered" error={set.error} /> : null}
      <TextInput
        label="From this day"
        value={draft.date}
        onChange={(next) => setDraft({ ...draft, date: next })}
        error={fieldError(set.error, "items[0].date")}
      />
      <TextInput
        label="One"
        maxLength={3}
        placeholder="USD"
        value={draft.from}
        onChange={(from) => setDraft({ ...draft, from })}
        error={fieldError(set.error, "items[0].from")}
      />
      <TextInput
        label={`is so many ${workspace.currency}`}
        inputMode="decimal"
        placeholder="0.9184"
        value={draft.rate}
        onChange={(rate) => setDraft({ ...draft, rate })}
        error={fieldError(set.error, "items[0].rate")}
      />
      <Button type="submit" busy={set.isPending} disabled={!ready}>
        Enter rate
      </Button>
    </form>
  );
}
