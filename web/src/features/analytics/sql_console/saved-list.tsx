import { useQuery } from "@tanstack/react-query";
import { Archive, ArchiveRestore, Ellipsis, Pencil, Share2 } from "lucide-react";
import { useState } from "react";
import { useActorNames } from "#/app/actors.ts";
import { ago } from "#/lib/format.ts";
import { Badge } from "#/ui/badge.tsx";
import { Checkbox } from "#/ui/checkbox.tsx";
import { IconButton } from "#/ui/icon-button.tsx";
import { Menu } from "#/ui/menu.tsx";
import { ProblemView } from "#/ui/problem-view.tsx";
import { SearchInput } from "#/ui/search-input.tsx";
import { SkeletonLines } from "#/ui/skeleton.tsx";
import { toast } from "#/ui/toasts.ts";
import { type SavedQuery, savedQueries, useChangeSaved } from "./queries.ts";
import { SaveDialog } from "./save-dialog.tsx";
import styles from "./sql.module.css";

interface SavedListProps {
  openId: string | undefined;
  onOpen: (query: SavedQuery) => void;
}

/** The saved questions: one's own and the shared ones. */
export function SavedList({ openId, onOpen }: SavedListProps) {
  const saved = useQuery(savedQueries);
  const [word, setWord] = useState("");
  const [away, setAway] = useState(false);
  const [edited, setEdited] = useState<SavedQuery>();
  if (saved.error) return <ProblemView title="The saved questions could not be loaded" error={saved.error} />;
  if (!saved.data) return <SkeletonLines lines={6} />;
  const archived = saved.data.filter((one) => one.archived_at).length;
  const wanted = word.trim().toLowerCase();
  const found = saved.data.filter(
    (one) => (away || !one.archived_at) && `${one.name} ${one.description} ${one.sql}`.toLowerCase().includes(wanted),
  );
  return (
    <>
      <SearchInput label="Find a saved question" value={word} onChange={setWord} />
      {archived > 0 ? <Checkbox label={`Show ${archived} put away`} checked={away} onChange={setAway} /> : null}
      {saved.data.length === 0 ? (
        <p className={styles.muted}>Questions that you save are here, and those that others share.</p>
      ) : found.length === 0 ? (
        <p className={styles.muted}>No saved question matches.</p>
      ) : null}
      <ul className={styles.list} aria-label="Saved questions">
        {found.map((one) => (
          <Entry key={one.id} query={one} open={one.id === openId} onOpen={onOpen} onEdit={setEdited} />
        ))}
      </ul>
      {edited ? <SaveDialog change={edited} onClose={() => setEdited(undefined)} /> : null}
    </>
  );
}

interface EntryProps {
  query: SavedQuery;
  open: boolean;
  onOpen: (query: SavedQuery) => void;
  onEdit: (query: SavedQuery) => void;
}

function Entry({ query, open, onOpen, onEdit }: EntryProps) {
  const names = useActorNames();
  const change = useChangeSaved();
  const put = (archived: boolean) =>
    change.mutate(
      { id: query.id, archived },
      {
        onSuccess: () =>
          archived
            ? toast(`Put “${query.name}” away`, { undo: () => change.mutate({ id: query.id, archived: false }) })
            : toast(`Took “${query.name}” back`),
      },
    );
  const share = () => change.mutate({ id: query.id, shared: !query.shared });
  const groups = [
    [
      { label: "Rename or describe", icon: <Pencil size={14} />, onSelect: () => onEdit(query) },
      {
        label: query.shared ? "Keep to its owner" : "Share with the workspace",
        icon: <Share2 size={14} />,
        onSelect: share,
      },
      query.archived_at
        ? { label: "Take back", icon: <ArchiveRestore size={14} />, onSelect: () => put(false) }
        : { label: "Put away", icon: <Archive size={14} />, onSelect: () => put(true) },
    ],
  ];
  return (
    <li className={styles.entry} data-open={open || undefined}>
      <button type="button" className={styles.open} aria-current={open || undefined} onClick={() => onOpen(query)}>
        <span className={styles.name}>{query.name}</span>
        {query.description ? <span className={styles.muted}>{query.description}</span> : null}
        <span className={styles.muted}>
          {names(query.owner)} · {ago(query.updated_at, Date.now())}
        </span>
      </button>
      <span className={styles.marks}>
        {query.archived_at ? (
          <Badge tone="warning">away</Badge>
        ) : query.shared ? (
          <Badge tone="neutral">shared</Badge>
        ) : null}
        {query.editable ? (
          <Menu
            groups={groups}
            trigger={
              <IconButton
                size="small"
                label={`More for ${query.name}`}
                icon={<Ellipsis size={14} aria-hidden="true" />}
              />
            }
          />
        ) : null}
      </span>
    </li>
  );
}
