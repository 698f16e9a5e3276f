import { useState } from "react";
import { Segmented } from "#/ui/segmented.tsx";
import type { Remembered } from "./history.ts";
import { HistoryList } from "./history-list.tsx";
import type { SavedQuery } from "./queries.ts";
import { RunsView } from "./runs-view.tsx";
import { SavedList } from "./saved-list.tsx";
import { SchemaBrowser } from "./schema-browser.tsx";
import styles from "./sql.module.css";

const PARTS = [
  { value: "tables", label: "Tables" },
  { value: "saved", label: "Saved" },
  { value: "past", label: "History" },
  { value: "running", label: "Running" },
] as const;

type Part = (typeof PARTS)[number]["value"];

interface SideProps {
  onInsert: (text: string) => void;
  openId: string | undefined;
  onOpenSaved: (query: SavedQuery) => void;
  past: readonly Remembered[];
  onOpenPast: (sql: string) => void;
  onForget: () => void;
}

/** What stands beside the editor: tables, saved and past questions, what runs. */
export function Side({ onInsert, openId, onOpenSaved, past, onOpenPast, onForget }: SideProps) {
  const [part, setPart] = useState<Part>("tables");
  return (
    <aside className={styles.side} aria-label="Tables and questions">
      <Segmented label="What is at the side" options={PARTS} value={part} onChange={setPart} />
      {part === "tables" ? <SchemaBrowser onInsert={onInsert} /> : null}
      {part === "saved" ? <SavedList openId={openId} onOpen={onOpenSaved} /> : null}
      {part === "past" ? <HistoryList items={past} onOpen={onOpenPast} onForget={onForget} /> : null}
      {part === "running" ? <RunsView /> : null}
    </aside>
  );
}
