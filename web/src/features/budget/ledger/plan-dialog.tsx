import { useEffect, useState } from "react";
import type { Money } from "#/lib/format.ts";
import { Button } from "#/ui/button.tsx";
import { Dialog } from "#/ui/dialog.tsx";
import { TextInput } from "#/ui/text-input.tsx";
import { toast } from "#/ui/toasts.ts";
import { monthText } from "./months.ts";
import { useSetPlan } from "./queries.ts";

/** Whose plan is being set. */
export interface PlanTarget {
  month: string;
  channel: string;
  planned: Money | null;
  currency: string;
}

const AMOUNT = /^\d+([.]\d{1,2})?$/;

/** Sets the plan of a month and a channel. */
export function PlanDialog({ target, onClose }: { target: PlanTarget | undefined; onClose: () => void }) {
  const set = useSetPlan();
  const [amount, setAmount] = useState("");
  useEffect(() => setAmount(target?.planned?.amount ?? ""), [target]);
  if (!target) return null;
  const { month, channel, planned, currency } = target;
  const good = amount.trim() === "" || AMOUNT.test(amount.trim());
  const save = () => {
    const next = amount.trim() === "" ? null : { amount: amount.trim(), currency };
    const back = () => set.mutate({ month, channel, planned });
    set.mutate(
      { month, channel, planned: next },
      {
        onSuccess: () => {
          toast(`Set the plan of ${channel} in ${monthText(month)}`, { undo: back });
          onClose();
        },
      },
    );
  };
  return (
    <Dialog
      open
      onClose={onClose}
      onSubmit={save}
      title={`Plan of ${channel}, ${monthText(month)}`}
      text="Earlier versions are kept. Leave it empty to have no plan."
      actions={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" look="primary" busy={set.isPending} disabled={!good}>
            Set plan
          </Button>
        </>
      }
    >
      <TextInput
        label={`Amount in ${currency}`}
        inputMode="decimal"
        value={amount}
        onChange={setAmount}
        error={good ? undefined : "Write a number such as 12500 or 12500.50."}
      />
    </Dialog>
  );
}
