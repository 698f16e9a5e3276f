import { useState } from "react";
import { fieldError } from "#/api/problem.ts";
import { useSession } from "#/app/session.ts";
import { isDate, today } from "#/lib/dates.ts";
import { Button } from "#/ui/button.tsx";
import { Combobox } from "#/ui/combobox.tsx";
import { Dialog } from "#/ui/dialog.tsx";
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
  const save = () => {
    const { date, amount, currency, channel, campaign, note } = draft;
    enter.mutate(
      { date, amount: { amount: amount.trim(), currency: currency.trim().toUpperCase() }, channel, campaign, note },
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
            disabled={draft.amount.trim() === "" || !isDate(draft.date)}
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
        value={draft.date}
        onChange={(date) => change({ date })}
        error={error("date") ?? (isDate(draft.date) ? undefined : "Write it like 2026-03-31.")}
      />
      <TextInput
        label="Amount"
        inputMode="decimal"
        value={draft.amount}
        onChange={(amount) => change({ amount })}
        error={error("amount") ?? error("amount.amount")}
        hint="With a point before the cents: 1250.50"
      />
      <TextInput
        label="Currency"
        maxLength={3}
        value={draft.currency}
        onChange={(currency) => change({ currency })}
        error={error("amount.currency")}
      />
      <Combobox
        label="Channel"
        options={CHANNELS.map((channel) => ({ value: channel, label: channel }))}
        value={draft.channel}
        placeholder="Not stated"
        error={error("channel")}
        onChange={(channel) => change({ channel })}
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
