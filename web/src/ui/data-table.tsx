import {
  columnVisibilityFeature,
  createSortedRowModel,
  rowSortingFeature,
  type SortingState,
  tableFeatures,
  useTable,
} from "@tanstack/react-table";
import { useVirtualizer } from "@tanstack/react-virtual";
import { type ReactNode, useMemo, useRef, useState } from "react";
import { classNames } from "#/lib/class-names.ts";
import type { CsvCell } from "#/lib/csv.ts";
import { counted, number } from "#/lib/format.ts";
import { recall, remember } from "#/lib/storage.ts";
import { Button } from "./button.tsx";
import styles from "./data-table.module.css";
import { SkeletonLines } from "./skeleton.tsx";
import { TableHead } from "./table-head.tsx";
import { type Column, compareRows, GROWING_WIDTH, isMissing, type Sort } from "./table-model.ts";
import { TableTools } from "./table-tools.tsx";
import { useRowKeys } from "./use-row-keys.ts";

const features = tableFeatures({ columnVisibilityFeature, rowSortingFeature, sortedRowModel: createSortedRowModel() });

const ROW_HEIGHT = 36;
const VIRTUAL_FROM = 120;

/** The table library wants objects; a row of ours may be anything. */
interface Held<Row> {
  row: Row;
}

interface DataTableProps<Row> {
  /** What the rows are, in the plural: "people". Names the table, its file and what it remembers. */
  name: string;
  /** One of them: "person". */
  one?: string;
  rows: readonly Row[];
  columns: readonly Column<Row>[];
  rowId: (row: Row) => string;
  /** What Enter and a click on a row do. */
  onOpen?: (row: Row) => void;
  /** The row that is open beside the table. */
  openId?: string | undefined;
  /** The order; with `onSort` it belongs to the caller, for example to the address. */
  sort?: Sort | undefined;
  onSort?: (sort: Sort | undefined) => void;
  /** The rows come in the order of `sort` already. */
  sortedByServer?: boolean;
  /** Sums the rows up: a last line outside the order, the count and the export. */
  foot?: Row | undefined;
  loading?: boolean;
  /** What to show instead of no rows. */
  empty?: ReactNode;
  /** How many rows there are in all, when more can be fetched. */
  total?: number | undefined;
  more?: { available: boolean; loading: boolean; fetch: () => void };
  /** Takes the height that is left on the page and scrolls inside. */
  fill?: boolean;
  /** Leaves out the bar with the count, the columns and the export. */
  bare?: boolean;
  /** Stands in the bar beside the count. */
  note?: ReactNode;
}

/** A table: sorting, choice of columns, keys (j, k, Enter), export, and only the rows in sight in the page. */
export function DataTable<Row>(props: DataTableProps<Row>) {
  const { name, rows, columns, rowId, loading = false, empty, fill = false, bare = false } = props;
  const [ownSort, setOwnSort] = useState<Sort | undefined>(undefined);
  // An order of the rows that are loaded would look like the order of all: there is none until all of them are here.
  const partial = props.more?.available === true && !props.sortedByServer;
  const sort = partial ? undefined : props.onSort ? props.sort : (ownSort ?? props.sort);
  const [visibility, setVisibility] = useVisibility(name, columns);
  const definitions = useMemo(() => columns.map(toDefinition), [columns]);
  const held = useMemo(() => rows.map((row): Held<Row> => ({ row })), [rows]);
  const sorting: SortingState = sort ? [{ id: sort.id, desc: sort.descending }] : [];
  const table = useTable({
    features,
    columns: definitions,
    data: held,
    getRowId: (one) => rowId(one.row),
    manualSorting: props.sortedByServer,
    state: { sorting, columnVisibility: visibility },
  });
  const shown = columns.filter((column) => visibility[column.id] !== false);
  const ordered = table.getRowModel().rows.map((one) => one.original.row);
  const scroll = useRef<HTMLDivElement>(null);
  const isVirtual = ordered.length > VIRTUAL_FROM;
  const virtualizer = useVirtualizer({
    count: ordered.length,
    getScrollElement: () => scroll.current,
    estimateSize: () => ROW_HEIGHT,
    overscan: 12,
    enabled: isVirtual,
  });
  const keys = useRowKeys(ordered.length, scroll, (place) => virtualizer.scrollToIndex(place), isVirtual);
  if (!loading && ordered.length === 0 && empty) return <>{empty}</>;
  const items = isVirtual ? virtualizer.getVirtualItems() : [];
  const places = isVirtual ? items.map((item) => item.index) : ordered.map((_, place) => place);
  const before = items[0]?.start ?? 0;
  const after = isVirtual ? virtualizer.getTotalSize() - (items.at(-1)?.end ?? 0) : 0;
  const changeSort = (next: Sort | undefined) => (props.onSort ? props.onSort(next) : setOwnSort(next));
  const minWidth = shown.reduce((sum, column) => sum + (column.width ?? column.widthLeast ?? GROWING_WIDTH), 0);
  return (
    <div className={classNames(styles.frame, fill && styles.fill)}>
      {bare ? null : (
        <div className={styles.bar}>
          <span>
            {loading ? "Loading" : countText(ordered.length, props)}
            {props.note ? <> · {props.note}</> : null}
          </span>
          <TableTools
            name={name}
            columns={columns}
            visibility={visibility}
            onVisibility={setVisibility}
            rows={ordered}
            partial={props.more?.available === true}
          />
        </div>
      )}
      <section
        ref={scroll}
        className={classNames(styles.scroll, isVirtual && !fill && styles.tall)}
        tabIndex={0}
        aria-label={`Table of ${name}`}
      >
        {loading ? (
          <div className={styles.waiting}>
            <SkeletonLines lines={8} />
          </div>
        ) : (
          <table
            className={styles.table}
            style={{ minWidth }}
            aria-label={name}
            aria-rowcount={isVirtual ? ordered.length + 1 : undefined}
          >
            <TableHead columns={shown} partial={partial} sort={sort} onSort={changeSort} />
            <tbody>
              {before > 0 ? <Gap height={before} /> : null}
              {places.map((place) => {
                const row = ordered[place];
                if (row === undefined) return null;
                const id = rowId(row);
                return (
                  <tr
                    key={id}
                    data-place={place}
                    aria-rowindex={isVirtual ? place + 2 : undefined}
                    tabIndex={place === keys.active ? 0 : -1}
                    className={classNames(
                      styles.row,
                      props.onOpen && styles.opens,
                      id === props.openId && styles.active,
                    )}
                    onFocus={() => keys.setActive(place)}
                    onClick={(event) => !isInner(event.target) && props.onOpen?.(row)}
                    onKeyDown={(event) => {
                      if (event.key === "Enter" && event.target === event.currentTarget) props.onOpen?.(row);
                    }}
                  >
                    {shown.map((column) => (
                      <td key={column.id} className={column.align === "right" ? styles.right : undefined}>
                        <Cell column={column} row={row} />
                      </td>
                    ))}
                  </tr>
                );
              })}
              {after > 0 ? <Gap height={after} /> : null}
            </tbody>
            {props.foot === undefined ? null : <Foot columns={shown} row={props.foot} />}
          </table>
        )}
      </section>
      {props.more?.available && !loading ? (
        <div className={styles.more}>
          <Button size="small" busy={props.more.loading} onClick={props.more.fetch}>
            Show more {name}
          </Button>
        </div>
      ) : null}
    </div>
  );
}

function toDefinition<Row>(column: Column<Row>) {
  return {
    id: column.id,
    header: column.header,
    accessorFn: ({ row }: Held<Row>): CsvCell => {
      const value = column.value(row);
      return isMissing(value) ? undefined : value;
    },
    sortUndefined: "last" as const,
    sortFn: (a: { original: Held<Row> }, b: { original: Held<Row> }) =>
      compareRows(column, a.original.row, b.original.row),
  };
}

function useVisibility<Row>(name: string, columns: readonly Column<Row>[]) {
  const [chosen, setChosen] = useState<Record<string, boolean>>(() => {
    try {
      return JSON.parse(recall(`columns.${name}`) ?? "{}") as Record<string, boolean>;
    } catch {
      return {};
    }
  });
  const visibility = useMemo(
    () => Object.fromEntries(columns.map((column) => [column.id, chosen[column.id] ?? !column.hidden])),
    [columns, chosen],
  );
  const change = (next: Record<string, boolean>) => {
    setChosen(next);
    remember(`columns.${name}`, JSON.stringify(next));
  };
  return [visibility, change] as const;
}

function countText<Row>(count: number, { name, one, total, more }: DataTableProps<Row>): string {
  if (total !== undefined && total > count) return `${number(count)} of ${counted(total, one ?? name, name)}`;
  const text = counted(count, one ?? name, name);
  return more?.available ? `${text}, more to show` : text;
}

/** A click on something that acts by itself does not open the row. */
function isInner(target: EventTarget): boolean {
  return target instanceof Element && target.closest("a, button, input, select, label") !== null;
}

function Gap({ height }: { height: number }) {
  return (
    // biome-ignore lint/a11y/noAriaHiddenOnFocusable: the row holds a place and cannot take the focus
    <tr aria-hidden="true">
      <td style={{ height, padding: 0, border: 0 }} />
    </tr>
  );
}

function Foot<Row>({ columns, row }: { columns: readonly Column<Row>[]; row: Row }) {
  return (
    <tfoot>
      <tr>
        {columns.map((column) => (
          <td key={column.id} className={column.align === "right" ? styles.right : undefined}>
            {column.foot ? column.foot(row) : <Cell column={column} row={row} />}
          </td>
        ))}
      </tr>
    </tfoot>
  );
}

function Cell<Row>({ column, row }: { column: Column<Row>; row: Row }) {
  if (column.cell) return column.cell(row);
  const value = column.value(row);
  if (isMissing(value)) return <span className={styles.missing}>–</span>;
  return <span title={typeof value === "string" ? value : undefined}>{String(value)}</span>;
}
