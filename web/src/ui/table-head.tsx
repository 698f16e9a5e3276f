import { ArrowDown, ArrowUp } from "lucide-react";
import { classNames } from "#/lib/class-names.ts";
import styles from "./data-table.module.css";
import type { Column, Sort } from "./table-model.ts";

interface TableHeadProps<Row> {
  columns: readonly Column<Row>[];
  /** Rows are missing, so there is no order to choose. */
  partial: boolean;
  sort: Sort | undefined;
  onSort: (sort: Sort | undefined) => void;
}

/** The head of a table; a press on a column orders by it, a second turns the order round. */
export function TableHead<Row>({ columns, partial, sort, onSort }: TableHeadProps<Row>) {
  return (
    <>
      <colgroup>
        {columns.map((column) => (
          <col key={column.id} style={column.width === undefined ? undefined : { width: column.width }} />
        ))}
      </colgroup>
      <thead>
        <tr>
          {columns.map((column) => {
            const sorted = sort?.id === column.id;
            const numeric = column.align === "right";
            const Arrow = sorted && sort.descending ? ArrowDown : ArrowUp;
            return (
              <th
                key={column.id}
                scope="col"
                data-tip={column.hint}
                className={numeric ? styles.right : undefined}
                aria-sort={sorted ? (sort.descending ? "descending" : "ascending") : undefined}
              >
                {partial || column.sortable === false || column.tools ? (
                  <span className={column.tools ? "visually-hidden" : styles.head}>{column.header}</span>
                ) : (
                  <button
                    type="button"
                    className={classNames(styles.sort, sorted && styles.sorted)}
                    onClick={() => onSort({ id: column.id, descending: sorted ? !sort.descending : numeric })}
                  >
                    {numeric ? <Arrow size={12} aria-hidden="true" /> : null}
                    <span className={styles.head}>{column.header}</span>
                    {numeric ? null : <Arrow size={12} aria-hidden="true" />}
                  </button>
                )}
              </th>
            );
          })}
        </tr>
      </thead>
    </>
  );
}
