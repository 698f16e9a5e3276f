import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { ProblemView } from "#/ui/problem-view.tsx";
import { SearchInput } from "#/ui/search-input.tsx";
import { SkeletonLines } from "#/ui/skeleton.tsx";
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
          <details key={table.name} open={word !== "" || undefined}>
            <summary>
              <code>{table.name}</code>
              <button
                type="button"
                className={styles.insert}
                aria-label={`Insert ${table.name}`}
                onClick={(event) => {
                  event.preventDefault();
                  onInsert(quoted(table.name));
                }}
              >
                insert
              </button>
            </summary>
            <p className={styles.muted}>{table.description}</p>
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
          </details>
        ))}
      </section>
    </>
  );
}
