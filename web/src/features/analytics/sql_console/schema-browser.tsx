import { useQuery } from "@tanstack/react-query";
import { ChevronRight } from "lucide-react";
import { useState } from "react";
import { classNames } from "#/lib/class-names.ts";
import { ProblemView } from "#/ui/problem-view.tsx";
import { SearchInput } from "#/ui/search-input.tsx";
import { SkeletonLines } from "#/ui/skeleton.tsx";
import { WithCode } from "#/ui/with-code.tsx";
import { type SqlTable, schemaQuery } from "./queries.ts";
import styles from "./sql.module.css";
import { quoted } from "./statement.ts";

/** The tables that a word finds: by their own name with all columns, else with the columns that have it. */
export function matching(tables: readonly SqlTable[], word: string): SqlTable[] {
  const wanted = word.trim().toLowerCase();
  if (wanted === "") return [...tables];
  return tables.flatMap((table) => {
    if (table.name.includes(wanted)) return [table];
    const columns = table.columns.filter((column) => column.name.includes(wanted));
    return columns.length > 0 ? [{ ...table, columns }] : [];
  });
}

/** The tables and their columns; a click puts a name into the statement. */
export function SchemaBrowser({ onInsert }: { onInsert: (text: string) => void }) {
  const schema = useQuery(schemaQuery);
  const [word, setWord] = useState("");
  if (schema.error) return <ProblemView title="The tables could not be loaded" error={schema.error} />;
  if (!schema.data) return <SkeletonLines lines={8} />;
  const found = matching(schema.data, word);
  return (
    <>
      <SearchInput label="Find a table or column" value={word} onChange={setWord} />
      <section className={styles.tables} tabIndex={0} aria-label="Tables and their columns">
        {found.length === 0 ? <p className={styles.muted}>No table or column has this in its name.</p> : null}
        {found.map((table) => (
          <Table key={table.name} table={table} found={word !== ""} onInsert={onInsert} />
        ))}
      </section>
    </>
  );
}

interface TableProps {
  table: SqlTable;
  /** It was searched for: its columns are shown. */
  found: boolean;
  onInsert: (text: string) => void;
}

function Table({ table, found, onInsert }: TableProps) {
  const [open, setOpen] = useState(false);
  const shown = open || found;
  return (
    <div>
      <div className={styles.table}>
        <button type="button" className={styles.toggle} aria-expanded={shown} onClick={() => setOpen(!open)}>
          <ChevronRight size={14} aria-hidden="true" />
          <code>{table.name}</code>
        </button>
        <button
          type="button"
          className={styles.insert}
          aria-label={`Insert ${table.name}`}
          onClick={() => onInsert(quoted(table.name))}
        >
          insert
        </button>
      </div>
      {shown ? (
        <>
          <p className={classNames(styles.muted, styles.about)}>
            <WithCode text={table.description} />
          </p>
          <ul>
            {table.columns.map((column) => (
              <li key={column.name}>
                <button type="button" className={styles.column} onClick={() => onInsert(quoted(column.name))}>
                  <code>{column.name}</code>
                  <span className={styles.muted}>{column.type}</span>
                </button>
              </li>
            ))}
          </ul>
        </>
      ) : null}
    </div>
  );
}
