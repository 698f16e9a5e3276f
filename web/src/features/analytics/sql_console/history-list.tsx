import { useState } from "react";
import { ago, counted } from "#/lib/format.ts";
import { Button } from "#/ui/button.tsx";
import { SearchInput } from "#/ui/search-input.tsx";
import { HISTORY_MAX, type Remembered } from "./history.ts";
import styles from "./sql.module.css";
import { shortStatement } from "./statement.ts";

interface HistoryListProps {
  items: readonly Remembered[];
  onOpen: (sql: string) => void;
  onForget: () => void;
}

/** The last questions of this browser. */
export function HistoryList({ items, onOpen, onForget }: HistoryListProps) {
  const [word, setWord] = useState("");
  if (items.length === 0) {
    return (
      <p className={styles.muted}>The last {HISTORY_MAX} questions of this browser are here, also those never saved.</p>
    );
  }
  const found = items.filter((one) => one.sql.toLowerCase().includes(word.trim().toLowerCase()));
  return (
    <>
      <SearchInput label="Find a past question" value={word} onChange={setWord} />
      {found.length === 0 ? <p className={styles.muted}>No past question matches.</p> : null}
      <ul className={styles.list} aria-label="Past questions">
        {found.map((one) => (
          <li key={`${one.at}`} className={styles.entry}>
            <button type="button" className={styles.open} title={one.sql} onClick={() => onOpen(one.sql)}>
              <code className={styles.name}>{shortStatement(one.sql)}</code>
              <span className={one.problem ? styles.failed : styles.muted}>
                {ago(new Date(one.at).toISOString(), Date.now())} · {outcome(one)}
              </span>
            </button>
          </li>
        ))}
      </ul>
      <Button size="small" look="quiet" onClick={onForget}>
        Forget all
      </Button>
    </>
  );
}

function outcome(one: Remembered): string {
  if (one.problem) return "failed";
  if (one.aside) return "put aside";
  return one.rows === undefined ? "not answered" : counted(one.rows, "row");
}
