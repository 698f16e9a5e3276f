import { Columns3, Download } from "lucide-react";
import { csvText, download } from "#/lib/csv.ts";
import { counted } from "#/lib/format.ts";
import { Button } from "./button.tsx";
import styles from "./data-table.module.css";
import { IconButton } from "./icon-button.tsx";
import { Menu } from "./menu.tsx";
import { type Column, exported } from "./table-model.ts";

interface TableToolsProps<Row> {
  name: string;
  columns: readonly Column<Row>[];
  visibility: Record<string, boolean>;
  onVisibility: (next: Record<string, boolean>) => void;
  rows: readonly Row[];
  /** The server has more rows than these. */
  partial: boolean;
}

/** The choice of columns, and the export of what is shown. */
export function TableTools<Row>({ name, columns, visibility, onVisibility, rows, partial }: TableToolsProps<Row>) {
  const data = columns.filter((column) => !column.tools);
  const visible = data.filter((column) => visibility[column.id] !== false);
  const save = () => {
    const { header, body } = exported(visible, rows);
    download(`${name.replaceAll(" ", "-")}.csv`, csvText(header, body));
  };
  const choices = data.map((column) => {
    const checked = visibility[column.id] !== false;
    return {
      label: column.header,
      checked,
      disabled: checked && visible.length === 1,
      onSelect: () => onVisibility({ ...visibility, [column.id]: !checked }),
    };
  });
  return (
    <div className={styles.tools}>
      <Menu
        groups={[choices]}
        trigger={
          <Button look="quiet" size="small" icon={<Columns3 size={14} aria-hidden="true" />}>
            Columns
          </Button>
        }
      />
      <IconButton
        size="small"
        label={
          partial ? `Export ${counted(rows.length, "loaded row")} as CSV, not all` : "Export the shown rows as CSV"
        }
        icon={<Download size={14} aria-hidden="true" />}
        onClick={save}
      />
    </div>
  );
}
