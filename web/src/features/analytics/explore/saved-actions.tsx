import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Archive, Bookmark, FolderOpen, House, Pencil, Undo2 } from "lucide-react";
import { useState } from "react";
import { api } from "#/api/http.ts";
import { useMay } from "#/app/session.ts";
import { Button } from "#/ui/button.tsx";
import { Checkbox } from "#/ui/checkbox.tsx";
import { Dialog } from "#/ui/dialog.tsx";
import { Drawer } from "#/ui/drawer.tsx";
import { IconButton } from "#/ui/icon-button.tsx";
import { Moment } from "#/ui/moment.tsx";
import { ProblemView } from "#/ui/problem-view.tsx";
import { Segmented } from "#/ui/segmented.tsx";
import { SkeletonLines } from "#/ui/skeleton.tsx";
import { TextInput } from "#/ui/text-input.tsx";
import { toast } from "#/ui/toasts.ts";
import styles from "./explore.module.css";
import { type Exploration, KINDS } from "./model.ts";
import { type ExploreSearch, type Saved, savedQuery } from "./queries.ts";
import { searchOf } from "./saved-search.ts";

interface SavedActionsProps {
  asked: Exploration;
  search: ExploreSearch;
  onChange: (part: Partial<ExploreSearch>) => void;
}

/** Changes a saved exploration; lists are read anew. */
function useChange() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ({ id, ...body }: { id: string; [rest: string]: unknown }) =>
      api.patch<Saved>(`/explorations/${id}`, body),
    onSuccess: () => queries.invalidateQueries({ queryKey: ["explorations"] }),
  });
}

/** Saving what is shown, and opening what was saved. */
export function SavedActions({ asked, search, onChange }: SavedActionsProps) {
  const may = useMay("explorations.write");
  const [listing, setListing] = useState(false);
  const [saving, setSaving] = useState(false);
  const saved = useQuery(savedQuery());
  const current = saved.data?.find((one) => one.id === search.saved);
  return (
    <>
      <Button icon={<FolderOpen size={14} aria-hidden="true" />} onClick={() => setListing(true)}>
        Open saved
      </Button>
      {may ? (
        <Button look="primary" icon={<Bookmark size={14} aria-hidden="true" />} onClick={() => setSaving(true)}>
          Save exploration
        </Button>
      ) : null}
      {listing ? (
        <SavedDrawer
          may={may}
          openId={search.saved}
          onClose={() => setListing(false)}
          onPick={(one) => {
            setListing(false);
            onChange(searchOf(one));
          }}
        />
      ) : null}
      {saving ? (
        <SaveDialog
          asked={asked}
          current={current}
          onClose={() => setSaving(false)}
          onSaved={(id) => {
            setSaving(false);
            onChange({ saved: id });
          }}
        />
      ) : null}
    </>
  );
}

interface SaveDialogProps {
  asked: Exploration;
  current: Saved | undefined;
  onClose: () => void;
  onSaved: (id: string) => void;
}

function SaveDialog({ asked, current, onClose, onSaved }: SaveDialogProps) {
  const queries = useQueryClient();
  const [name, setName] = useState(current?.name ?? "");
  const [rolling, setRolling] = useState(current?.rolling ?? true);
  const save = useMutation({
    mutationFn: (anew: boolean) => {
      const body = { name, rolling, exploration: asked };
      return current && !anew
        ? api.patch<Saved>(`/explorations/${current.id}`, body)
        : api.post<Saved>("/explorations", body);
    },
    onSuccess: async (saved) => {
      await queries.invalidateQueries({ queryKey: ["explorations"] });
      toast(`Saved “${saved.name}”`);
      onSaved(saved.id);
    },
    meta: { shown: true },
  });
  return (
    <Dialog
      open
      title="Save exploration"
      text="Everybody in the workspace can open it."
      onClose={onClose}
      onSubmit={() => save.mutate(false)}
      actions={
        <>
          <Button onClick={onClose}>Cancel</Button>
          {current ? (
            <Button busy={save.isPending} onClick={() => save.mutate(true)}>
              Save as a new one
            </Button>
          ) : null}
          <Button type="submit" look="primary" busy={save.isPending} disabled={name.trim() === ""}>
            {current ? "Save changes" : "Save exploration"}
          </Button>
        </>
      }
    >
      <TextInput label="Name" value={name} maxLength={200} autoFocus onChange={setName} />
      <Checkbox
        label="Dates move on"
        hint="As many days as now, always up to today."
        checked={rolling}
        onChange={setRolling}
      />
      {save.error ? <ProblemView title="It could not be saved" error={save.error} /> : null}
    </Dialog>
  );
}

interface SavedDrawerProps {
  may: boolean;
  openId: string | undefined;
  onClose: () => void;
  onPick: (one: Saved) => void;
}

function SavedDrawer({ may, openId, onClose, onPick }: SavedDrawerProps) {
  const [which, setWhich] = useState<"current" | "archived">("current");
  const saved = useQuery(savedQuery(which === "archived" ? { archived: true } : {}));
  return (
    <Drawer open onClose={onClose} title="Saved explorations">
      <Segmented
        label="Which explorations"
        options={[
          { value: "current", label: "In use" },
          { value: "archived", label: "Archived" },
        ]}
        value={which}
        onChange={setWhich}
      />
      {saved.error ? (
        <ProblemView title="They could not be loaded" error={saved.error} onRetry={() => void saved.refetch()} />
      ) : null}
      {saved.isPending ? <SkeletonLines lines={6} /> : null}
      {saved.data?.length === 0 ? (
        <p className={styles.muted}>
          {which === "archived"
            ? "Nothing was archived."
            : "Nothing was saved yet. Save a question that will be asked again; it keeps its conditions and dates."}
        </p>
      ) : null}
      <ul className={styles.saved}>
        {saved.data?.map((one) => (
          <SavedRow key={one.id} one={one} may={may} isOpen={one.id === openId} onPick={onPick} />
        ))}
      </ul>
    </Drawer>
  );
}

interface SavedRowProps {
  one: Saved;
  may: boolean;
  isOpen: boolean;
  onPick: (one: Saved) => void;
}

function SavedRow({ one, may, isOpen, onPick }: SavedRowProps) {
  const change = useChange();
  const [name, setName] = useState<string>();
  const kind = KINDS.find((kind) => kind.value === one.exploration.ask.kind)?.label ?? "";
  const archived = Boolean(one.archived_at);
  const archive = () =>
    change.mutate(
      { id: one.id, archived: true },
      {
        onSuccess: () =>
          toast(`Archived “${one.name}”`, { undo: () => change.mutate({ id: one.id, archived: false }) }),
      },
    );
  if (name !== undefined)
    return (
      <li className={styles.savedRow}>
        <form
          className={styles.rename}
          onSubmit={(event) => {
            event.preventDefault();
            change.mutate({ id: one.id, name }, { onSuccess: () => setName(undefined) });
          }}
        >
          <TextInput label="Name" value={name} maxLength={200} autoFocus onChange={setName} />
          <Button type="submit" size="small" disabled={name.trim() === ""} busy={change.isPending}>
            Rename exploration
          </Button>
          <Button size="small" look="quiet" onClick={() => setName(undefined)}>
            Cancel
          </Button>
        </form>
      </li>
    );
  return (
    <li className={styles.savedRow} aria-current={isOpen || undefined}>
      <button type="button" className={styles.savedName} onClick={() => onPick(one)}>
        {one.name}
        <span className={styles.muted}>
          {kind}
          {one.rolling ? ", dates move on" : ""}
          {one.pinned ? ", on Home" : ""} · <Moment at={one.updated_at} look="day" />
        </span>
      </button>
      {may && archived ? (
        <IconButton
          label={`Take ${one.name} back`}
          icon={<Undo2 size={14} aria-hidden="true" />}
          onClick={() => change.mutate({ id: one.id, archived: false })}
        />
      ) : null}
      {may && !archived ? (
        <>
          <IconButton
            label={one.pinned ? `Take ${one.name} off Home` : `Show ${one.name} on Home`}
            aria-pressed={one.pinned}
            icon={<House size={14} aria-hidden="true" fill={one.pinned ? "currentColor" : "none"} />}
            onClick={() => change.mutate({ id: one.id, pinned: !one.pinned })}
          />
          <IconButton
            label={`Rename ${one.name}`}
            icon={<Pencil size={14} aria-hidden="true" />}
            onClick={() => setName(one.name)}
          />
          <IconButton label={`Archive ${one.name}`} icon={<Archive size={14} aria-hidden="true" />} onClick={archive} />
        </>
      ) : null}
    </li>
  );
}
