import { ChevronRight } from "lucide-react";
import { useState } from "react";
import { counted } from "#/lib/format.ts";
import styles from "./json-tree.module.css";

/** Any JSON value. */
export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

const OPEN_DEPTH = 2;

/** A JSON value as a tree that can be read: names and values, no punctuation. */
export function JsonTree({ value }: { value: Json }) {
  if (value === null || typeof value !== "object") return <Leaf value={value} />;
  return (
    <ul className={styles.tree}>
      {entries(value).map(([key, child]) => (
        <Node key={key} name={key} value={child} depth={0} />
      ))}
    </ul>
  );
}

function entries(value: Json[] | { [key: string]: Json }): [string, Json][] {
  return Array.isArray(value) ? value.map((child, place) => [String(place), child]) : Object.entries(value);
}

function Node({ name, value, depth }: { name: string; value: Json; depth: number }) {
  const [open, setOpen] = useState(depth < OPEN_DEPTH);
  if (value === null || typeof value !== "object") {
    return (
      <li className={styles.row}>
        <span className={styles.key}>{name}</span> <Leaf value={value} />
      </li>
    );
  }
  const children = entries(value);
  if (children.length === 0) {
    return (
      <li className={styles.row}>
        <span className={styles.key}>{name}</span> <span className={styles.none}>empty</span>
      </li>
    );
  }
  return (
    <li className={styles.row}>
      <button type="button" className={styles.toggle} aria-expanded={open} onClick={() => setOpen(!open)}>
        <ChevronRight size={14} aria-hidden="true" />
        <span className={styles.key}>{name}</span>
        {open ? null : (
          <span className={styles.none}>
            &nbsp;
            {counted(
              children.length,
              Array.isArray(value) ? "entry" : "field",
              Array.isArray(value) ? "entries" : "fields",
            )}
          </span>
        )}
      </button>
      {open ? (
        <ul>
          {children.map(([key, child]) => (
            <Node key={key} name={key} value={child} depth={depth + 1} />
          ))}
        </ul>
      ) : null}
    </li>
  );
}

function Leaf({ value }: { value: string | number | boolean | null }) {
  if (value === null) return <span className={styles.none}>null</span>;
  if (value === "") return <span className={styles.none}>empty text</span>;
  if (typeof value === "string") return <span className={styles.text}>{value}</span>;
  return <span className={styles.number}>{String(value)}</span>;
}
