import { useMemo, useState } from "react";
import { fieldError } from "#/api/problem.ts";
import { useSession } from "#/app/session.ts";
import { Button } from "#/ui/button.tsx";
import { Combobox } from "#/ui/combobox.tsx";
import { Dialog } from "#/ui/dialog.tsx";
import { ProblemView } from "#/ui/problem-view.tsx";
import { TextInput } from "#/ui/text-input.tsx";
import { currencyOptions, zoneOptions } from "./places-of-world.ts";
import { useCreateWorkspace } from "./queries.ts";

/** Makes another workspace: a brand, a client or a business unit with its own data. */
export function CreateWorkspaceDialog({ open, onClose }: { open: boolean; onClose: () => void }) {
  const { workspace } = useSession();
  const create = useCreateWorkspace();
  const currencies = useMemo(currencyOptions, []);
  const zones = useMemo(zoneOptions, []);
  const [draft, setDraft] = useState({ name: "", currency: workspace.currency, time_zone: workspace.time_zone });
  const known = ["name", "currency", "time_zone"].some((field) => fieldError(create.error, field));
  return (
    <Dialog
      open={open}
      onClose={onClose}
      title="Create workspace"
      onSubmit={() => create.mutate(draft)}
      text="A workspace has its own people, events, money and members. Nothing is shared with the others."
      actions={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" look="primary" busy={create.isPending} disabled={draft.name.trim() === ""}>
            Create workspace
          </Button>
        </>
      }
    >
      {create.error && !known ? <ProblemView title="Nothing was created" error={create.error} /> : null}
      <TextInput
        label="Name"
        value={draft.name}
        error={fieldError(create.error, "name")}
        onChange={(name) => setDraft({ ...draft, name })}
      />
      <Combobox
        label="Currency"
        options={currencies}
        value={draft.currency}
        onChange={(currency) => currency && setDraft({ ...draft, currency })}
      />
      <Combobox
        label="Time zone"
        options={zones}
        value={draft.time_zone}
        onChange={(time_zone) => time_zone && setDraft({ ...draft, time_zone })}
      />
    </Dialog>
  );
}
