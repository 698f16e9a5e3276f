import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { api } from "#/api/http.ts";
import { fieldError } from "#/api/problem.ts";
import type { DateRange } from "#/lib/dates.ts";
import { Button } from "#/ui/button.tsx";
import { Dialog } from "#/ui/dialog.tsx";
import { ProblemView } from "#/ui/problem-view.tsx";
import { TextInput } from "#/ui/text-input.tsx";
import { type AttributionAnswer, customModel } from "./queries.ts";

interface WeightsDialogProps {
  weights: string;
  range: DateRange;
  onClose: () => void;
  onTake: (weights: string) => void;
}

/** Weights of one's own; the server reads them before they are taken, so that a slip is shown beside the field. */
export function WeightsDialog({ weights, range, onClose, onTake }: WeightsDialogProps) {
  const [draft, setDraft] = useState(weights);
  const text = draft.trim();
  const check = useMutation({
    mutationFn: (asked: string) =>
      api.post<AttributionAnswer>("/attribution", { range, models: [customModel(asked)], limit: 1 }),
    meta: { shown: true },
    onSuccess: (_, asked) => onTake(asked),
  });
  const slip = fieldError(check.error, "models[0]");
  return (
    <Dialog
      open
      onClose={onClose}
      title="Custom weights"
      text="A model of your own, beside the others: how much the touches on each position get together."
      actions={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button look="primary" busy={check.isPending} disabled={text === ""} onClick={() => check.mutate(text)}>
            Compare these weights
          </Button>
        </>
      }
    >
      {check.error && !slip ? <ProblemView title="The weights could not be read" error={check.error} /> : null}
      <TextInput
        label="Weights"
        value={draft}
        onChange={setDraft}
        error={slip}
        placeholder="first 30, lead 20, opportunity 20, last 20, rest 10"
        hint={
          <>
            Positions are first, lead, opportunity, conversions, last, rest and every; only their proportion counts. A
            factor may follow for a channel: <code>channel "Direct" x 0</code>.
          </>
        }
      />
    </Dialog>
  );
}
