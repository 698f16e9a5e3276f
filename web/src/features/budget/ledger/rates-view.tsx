import { useInfiniteQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { fieldError } from "#/api/problem.ts";
import { useMay, useSession } from "#/app/session.ts";
import { isDate, today } from "#/lib/dates.ts";
import { isCurrency, readDecimal, writeDecimal } from "#/lib/decimal.ts";
import { day, number } from "#/lib/format.ts";
import { rowsOf } from "#/lib/pages.ts";
import { Button } from "#/ui/button.tsx";
import { DataTable } from "#/ui/data-table.tsx";
import { NumberInput } from "#/ui/number-input.tsx";
import { ProblemView } from "#/ui/problem-view.tsx";
import type { Column } from "#/ui/table-model.ts";
import { TextInput } from "#/ui/text-input.tsx";
import { toast } from "#/ui/toasts.ts";
import styles from "./ledger.module.css";
import { type RateLine, ratesQuery, useSetRate } from "./queries.ts";

const RATE_DECIMALS_MAX = 9;
/** As banks publish them; the places of a column stand in line. */
const RATE_DECIMALS_LEAST = 4;

const COLUMNS: Column<RateLine>[] = [
  { id: "date", header: "Date", width: 140, value: (rate) => rate.date, cell: (rate) => day(rate.date) },
  { id: "from", header: "One", width: 100, value: (rate) => rate.from },
  {
    id: "rate",
    header: "Is",
    width: 140,
    align: "right",
    value: (rate) => Number(rate.rate),
    cell: (rate) => number(Number(rate.rate), RATE_DECIMALS_MAX, RATE_DECIMALS_LEAST),
  },
  { id: "to", header: "Of", value: (rate) => rate.to },
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
  // What is still missing is said once somebody tried to enter the rate.
  const [tried, setTried] = useState(false);
  const [draft, setDraft] = useState({ date: today(workspace.time_zone), from: "", rate: "" });
  const from = draft.from.trim().toUpperCase();
  const rate = readDecimal(draft.rate, RATE_DECIMALS_MAX);
  const positive = rate.state !== "good" || Number(rate.value) > 0;
  const submit = (event: React.FormEvent) => {
    event.preventDefault();
    setTried(true);
    if (!isDate(draft.date) || !isCurrency(from) || rate.state !== "good" || !positive) return;
    const line = { date: draft.date, from, to: workspace.currency, rate: rate.value };
    set.mutate(line, {
      onSuccess: () => {
        toast(`One ${line.from} is ${line.rate} ${workspace.currency} from ${day(line.date)}`);
        setDraft({ ...draft, rate: "" });
        setTried(false);
      },
    });
  };
  const known = ["items[0].rate", "items[0].from", "items[0].date"].some((field) => fieldError(set.error, field));
  return (
    <form className={styles.form} onSubmit={submit} noValidate>
      {set.error && !known ? <ProblemView title="The rate was not entered" error={set.error} /> : null}
      <TextInput
        label="From this day"
        type="date"
        required
        value={draft.date}
        onChange={(next) => setDraft({ ...draft, date: next })}
        error={fieldError(set.error, "items[0].date") ?? (isDate(draft.date) ? undefined : "Choose a day.")}
      />
      <TextInput
        label="One"
        maxLength={3}
        placeholder="USD"
        value={draft.from}
        onChange={(next) => setDraft({ ...draft, from: next })}
        error={
          fieldError(set.error, "items[0].from") ??
          (tried && !isCurrency(from) ? "Write its three letters, such as USD." : undefined)
        }
      />
      <NumberInput
        label={`is so many ${workspace.currency}`}
        placeholder={writeDecimal("0.9184")}
        decimalsMax={RATE_DECIMALS_MAX}
        value={draft.rate}
        onChange={(next) => setDraft({ ...draft, rate: next })}
        echo={(value) => `1 ${from || "…"} = ${number(Number(value), RATE_DECIMALS_MAX)} ${workspace.currency}`}
        error={
          fieldError(set.error, "items[0].rate") ??
          (!positive ? "A rate is above zero." : tried && rate.state === "empty" ? "Write the rate." : undefined)
        }
      />
      <Button type="submit" className={styles.enter} busy={set.isPending}>
        Enter rate
      </Button>
    </form>
  );
}
