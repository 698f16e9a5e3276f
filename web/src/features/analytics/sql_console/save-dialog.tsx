import { useState } from "react";
import { asProblem, fieldError } from "#/api/problem.ts";
import { Button } from "#/ui/button.tsx";
import { Checkbox } from "#/ui/checkbox.tsx";
import { Dialog } from "#/ui/dialog.tsx";
import { ProblemView } from "#/ui/problem-view.tsx";
import { TextArea } from "#/ui/text-area.tsx";
import { TextInput } from "#/ui/text-input.tsx";
import { type ChartSpec, type SavedQuery, useChangeSaved, useSave } from "./queries.ts";

interface SaveDialogProps {
  /** What is saved under a new name. */
  fresh?: { sql: string; chart: ChartSpec | undefined; name?: string | undefined };
  /** What is renamed or described anew. */
  change?: SavedQuery;
  onClose: () => void;
  onSaved?: (query: SavedQuery) => void;
}

/** Asks for the name of a question, what it is for, and who sees it. */
export function SaveDialog({ fresh, change, onClose, onSaved }: SaveDialogProps) {
  const [name, setName] = useState(change?.name ?? fresh?.name ?? "");
  const [description, setDescription] = useState(change?.description ?? "");
  const [shared, setShared] = useState(change?.shared ?? false);
  const save = useSave();
  const edit = useChangeSaved(true);
  const error = save.error ?? edit.error;
  const done = (query: SavedQuery) => {
    onSaved?.(query);
    onClose();
  };
  const submit = () => {
    if (change) {
      const { id, version } = change;
      edit.mutate({ id, version, name, description, shared }, { onSuccess: done });
    } else if (fresh) {
      const { sql, chart } = fresh;
      save.mutate({ name, description, shared, sql, ...(chart ? { chart } : {}) }, { onSuccess: done });
    }
  };
  const named = fieldError(error, "name") ?? fieldError(error, "description");
  return (
    <Dialog
      open
      onClose={onClose}
      onSubmit={submit}
      title={change ? "Rename question" : "Save question"}
      actions={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" look="primary" busy={save.isPending || edit.isPending}>
            {change ? "Save changes" : "Save question"}
          </Button>
        </>
      }
    >
      <TextInput label="Name" value={name} onChange={setName} error={fieldError(error, "name")} autoFocus />
      <TextArea
        label="What it is for"
        optional
        rows={2}
        value={description}
        onChange={setDescription}
        error={fieldError(error, "description")}
      />
      <Checkbox label="Share with everybody who may ask in SQL" checked={shared} onChange={setShared} />
      {error && !named ? <ProblemView title="The question could not be saved" error={asProblem(error)} /> : null}
    </Dialog>
  );
}
