import { useState } from "react";
import { fieldError } from "#/api/problem.ts";
import { useSession } from "#/app/session.ts";
import { isDate, today } from "#/lib/dates.ts";
import { decimalsOf, isCurrency, readDecimal } from "#/lib/decimal.ts";
import { money } from "#/lib/format.ts";
import { Button } from "#/ui/button.tsx";
import { Combobox } from "#/ui/combobox.tsx";
import { Dialog } from "#/ui/dialog.tsx";
import { NumberInput } from "#/ui/number-input.tsx";
import { ProblemView } from "#/ui/problem-view.tsx";
import { TextInput } from "#/ui/text-input.tsx";
import { toast } from "#/ui/toasts.ts";
import { CHANNELS, useEnter } from "./queries.ts";

const FIELDS = ["date", "amount", "amount.amount", "amount.currency", "channel", "campaign", "note"];

/** Enters one line of spend by hand. */
export function EnterDialog({ open, onClose }: { open: boolean; onClose: () => void }) {
  const { workspace } = useSession();
  const enter = useEnter();
  const fresh = {
    date: today(workspace.time_zone),
    amount: "",
    currency: workspace.currency,
    channel: null as string | null,
    campaign: "",
    note: "",
  };
  const [draft, setDraft] = useState(fresh);
  const change = (part: Partial<typeof draft>) => setDraft((before) => ({ ...before, ...part }));
  const error = (field: string) => fieldError(enter.error, field);
  const close = () => {
    enter.reset();
    setDraft(fresh);
    onClose();
  };
  const currency = draft.currency.trim().toUpperCase();
  const known = isCurrency(currency);
  const decimalsMax = decimalsOf(currency);
  const amount = readDecimal(draft.amount, decimalsMax);
  const save = () => {
    // The field itself says what is wrong with a number that cannot be read.
    if (amount.state !== "good") return;
    const { date, channel, campaign, note } = draft;
    enter.mutate(
      { date, amount: { amount: amount.value, currency }, channel, campaign, note },
      {
        onSuccess: () => {
          toast("Entered one line of spend");
          close();
        },
      },
    );
  };
  return (
    <Dialog
      open={open}
      onClose={close}
      title="Enter spend"
      onSubmit={save}
      text="A line is never changed. A wrong one is reversed, and both stay in sight."
      actions={
        <>
          <Button onClick={close}>Cancel</Button>
          <Button
            type="submit"
            look="primary"
            busy={enter.isPending}
            disabled={amount.state === "empty" || !known || !isDate(draft.date)}
          >
            Enter line
          </Button>
        </>
      }
    >
      {enter.error && !FIELDS.some((field) => error(field)) ? (
        <ProblemView title="Nothing was entered" error={enter.error} />
      ) : null}
      <TextInput
        label="Date"
        type="date"
        required
        value={draft.date}
        onChange={(date) => change({ date })}
        error={error("date") ?? (isDate(draft.date) ? undefined : "Choose the day of the spend.")}
      />
      <NumberInput
        label="Amount"
        value={draft.amount}
        decimalsMax={decimalsMax}
        onChange={(next) => change({ amount: next })}
        echo={(value) => (known ? money({ amount: value, currency }) : value)}
        error={error("amount") ?? error("amount.amount")}
      />
      <TextInput
        label="Currency"
        maxLength={3}
        value={draft.currency}
        onChange={(next) => change({ currency: next })}
        error={error("amount.currency") ?? (known ? undefined : "Write its three letters, such as EUR.")}
      />
      <Combobox
        label="Channel"
        options={[
          { value: "", label: "Not stated" },
          ...CHANNELS.map((channel) => ({ value: channel, label: channel })),
        ]}
        value={draft.channel ?? ""}
        error={error("channel")}
        onChange={(channel) => change({ channel: channel || null })}
      />
      <TextInput
        label="Campaign"
        optional
        value={draft.campaign}
        onChange={(campaign) => change({ campaign })}
        error={error("campaign")}
        hint="As in utm_campaign, so that it finds the touches it paid for."
      />
      <TextInput label="Note" optional value={draft.note} onChange={(note) => change({ note })} error={error("note")} />
    </Dialog>
  );
}
