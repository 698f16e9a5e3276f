import { useEffect, useState } from "react";
import { decimalsOf, readDecimal, writeDecimal } from "#/lib/decimal.ts";
import { type Money, money, monthOf } from "#/lib/format.ts";
import { Button } from "#/ui/button.tsx";
import { Dialog } from "#/ui/dialog.tsx";
import { NumberInput } from "#/ui/number-input.tsx";
import { toast } from "#/ui/toasts.ts";
import { useSetPlan } from "./queries.ts";

/** Whose plan is being set. */
export interface PlanTarget {
  month: string;
  channel: string;
  planned: Money | null;
  currency: string;
}

/** Sets the plan of a month and a channel. */
export function PlanDialog({ target, onClose }: { target: PlanTarget | undefined; onClose: () => void }) {
  const set = useSetPlan();
  const [amount, setAmount] = useState("");
  useEffect(() => setAmount(writeDecimal(target?.planned?.amount ?? "")), [target]);
  if (!target) return null;
  const { month, channel, planned, currency } = target;
  const decimalsMax = decimalsOf(currency);
  const reading = readDecimal(amount, decimalsMax);
  const negative = reading.state === "good" && reading.value.startsWith("-");
  const save = () => {
    // The field itself says what is wrong with a number that cannot be read.
    if (reading.state === "bad" || negative) return;
    const next = reading.state === "empty" ? null : { amount: reading.value, currency };
    const back = () => set.mutate({ month, channel, planned });
    set.mutate(
      { month, channel, planned: next },
      {
        onSuccess: () => {
          toast(`Set the plan of ${channel} in ${monthOf(month)}`, { undo: back });
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
      title={`Plan of ${channel}, ${monthOf(month)}`}
      text="Earlier versions are kept. Leave it empty to have no plan."
      actions={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" look="primary" busy={set.isPending}>
            Set plan
          </Button>
        </>
      }
    >
      <NumberInput
        label={`Amount in ${currency}`}
        value={amount}
        decimalsMax={decimalsMax}
        onChange={setAmount}
        echo={(value) => money({ amount: value, currency })}
        error={negative ? "A plan is not below zero." : undefined}
      />
    </Dialog>
  );
}
