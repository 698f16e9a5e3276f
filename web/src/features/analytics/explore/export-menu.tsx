import { Ellipsis, Link2, Printer } from "lucide-react";
import { type CsvCell, csvText, download } from "#/lib/csv.ts";
import { copyText } from "#/ui/copy-button.tsx";
import { IconButton } from "#/ui/icon-button.tsx";
import { Menu, type MenuAction } from "#/ui/menu.tsx";
import { toast } from "#/ui/toasts.ts";

interface ExportMenuProps {
  title: string;
  header: string[];
  /** The rows of the file, made when it is asked for. */
  rows: () => CsvCell[][];
  /** Stands before the others. */
  first?: MenuAction[];
}

/** What every chart offers: a file, a link, paper. */
export function ExportMenu({ title, header, rows, first = [] }: ExportMenuProps) {
  const save = () => download(`${title.toLowerCase().replaceAll(/\W+/g, "-")}.csv`, csvText(header, rows()));
  const copy = () => void copyText(location.href).then((done) => done && toast("Copied the link to this view"));
  return (
    <Menu
      groups={[
        [...first, { label: "Save as CSV", onSelect: save }],
        [
          { label: "Copy link", icon: <Link2 size={14} />, onSelect: copy },
          { label: "Print", icon: <Printer size={14} />, onSelect: () => window.print() },
        ],
      ]}
      trigger={<IconButton size="small" label={`More for ${title}`} icon={<Ellipsis size={16} aria-hidden="true" />} />}
    />
  );
}
