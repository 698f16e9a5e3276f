import { useEffect, useRef, useState } from "react";
import { type Draft, draftOf, keepDraft, rememberQuestion } from "./history.ts";
import type { SavedQuery } from "./queries.ts";

interface DraftOptions {
  workspace: string;
  /** The statement of the address. */
  q: string | undefined;
  /** The saved question of the address. */
  saved: string | undefined;
  /** The same, once it is known. */
  query: SavedQuery | undefined;
  /** It is not known yet whether there is one. */
  loading: boolean;
}

/** What the editor begins with: the address first, then what was being written. */
export function firstText(
  { q, saved }: Pick<DraftOptions, "q" | "saved">,
  draft: Draft | undefined,
): string | undefined {
  if (q !== undefined) return q;
  if (saved === undefined) return draft?.sql ?? "";
  // A change of this very question that was not saved goes on; else it is read from the server.
  return draft?.saved === saved ? draft.sql : undefined;
}

/** The statement that is being written: kept in this browser with every letter, never replaced without being remembered. */
export function useDraft({ workspace, q, saved, query, loading }: DraftOptions) {
  const first = useRef<Draft>(undefined);
  const [text, setText] = useState<string | undefined>(() => {
    const draft = draftOf(workspace);
    first.current = draft?.saved === saved ? draft : undefined;
    const begin = firstText({ q, saved }, draft);
    // An address that brings another statement puts the draft aside.
    if (draft && draft.sql !== begin) rememberQuestion(workspace, { sql: draft.sql, at: Date.now(), aside: true });
    return begin;
  });
  const sql = text ?? query?.sql ?? "";
  // The version that a change began from: what others saved meanwhile must not be written over unseen.
  const base = useRef(first.current?.version);
  const changed = text !== undefined && query !== undefined && text !== query.sql;
  if (query && !changed) base.current = query.version;
  useEffect(() => {
    if (text === undefined || loading) return;
    keepDraft(workspace, changed ? { sql: text, saved, version: base.current } : { sql: text });
  }, [workspace, text, changed, saved, loading]);
  const putAside = () => {
    if (sql.trim() !== "") rememberQuestion(workspace, { sql, at: Date.now(), aside: true });
  };
  // What the address is about to name; anything else came by back or forward, and is shown.
  const expected = useRef(saved);
  const now = useRef({ q, putAside });
  now.current = { q, putAside };
  useEffect(() => {
    if (saved === expected.current) return;
    expected.current = saved;
    now.current.putAside();
    setText((before) => now.current.q ?? (saved === undefined ? before : undefined));
  }, [saved]);
  return {
    sql,
    /** The version of the saved question that this is a change of. */
    version: () => base.current,
    edit: setText as (next: string) => void,
    /** Shows another statement; the present one is remembered. */
    open: (next: string, of?: string) => {
      if (sql !== next) putAside();
      expected.current = of;
      setText(next);
    },
    /** The present statement now is that of a saved question. */
    adopt: (of: string) => {
      expected.current = of;
    },
  };
}
