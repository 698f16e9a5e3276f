import { useMemo } from "react";
import { cellText, figureText, plain } from "#/features/analytics/metrics/figures.ts";
import type { Cell, Unit } from "#/features/analytics/metrics/queries.ts";
import { classNames } from "#/lib/class-names.ts";
import { number, signedPercent } from "#/lib/format.ts";
import { ChannelChip } from "#/ui/channel-chip.tsx";
import { DataTable } from "#/ui/data-table.tsx";
import type { Column } from "#/ui/table-model.ts";
import styles from "./home-page.module.css";
import type { ChannelRow, Explain, ExplainKey, Home, Roi } from "./queries.ts";

interface ChannelTableProps {
  home: Home | undefined;
  onExplain: Explain;
}

const FIGURES: { id: keyof ChannelRow; header: string; metric: string; unit: Unit; width: number }[] = [
  { id: "spend", header: "Spend", metric: "spend", unit: "money", width: 104 },
  { id: "leads", header: "Leads", metric: "new_leads", unit: "count", width: 72 },
  { id: "cost_per_lead", header: "Per lead", metric: "cost_per_lead", unit: "money", width: 92 },
  { id: "opportunities", header: "Deals", metric: "deals_created", unit: "count", width: 76 },
  { id: "pipeline", header: "Pipeline", metric: "pipeline_created", unit: "money", width: 112 },
  { id: "revenue", header: "Revenue", metric: "attributed_revenue", unit: "money", width: 106 },
];

const NONE: ChannelRow[] = [];

/** The channels, what they cost and what they returned; every number opens. */
export function ChannelTable({ home, onExplain }: ChannelTableProps) {
  const totals = home?.channel_totals;
  const rows = home?.channels ?? NONE;
  const columns = useMemo<Column<ChannelRow>[]>(() => {
    const keyOf = (row: ChannelRow): ExplainKey | undefined =>
      row === totals ? undefined : { channel: row.channel.value };
    return [
      {
        id: "channel",
        header: "Channel",
        width: 140,
        value: (row) => row.channel.label,
        cell: (row) => <ChannelChip name={row.channel.label} />,
        foot: (row) => row.channel.label,
      },
      ...FIGURES.map(({ id, header, metric, unit, width }): Column<ChannelRow> => {
        const fractional = rows.some((row) => !Number.isInteger(numberOf(row[id] as Cell) ?? 0));
        const shown = (row: ChannelRow) =>
          unit === "count" ? countText(row[id] as Cell, fractional) : cellText(row[id] as Cell, unit);
        return {
          id,
          header,
          width,
          align: "right",
          value: (row) => numberOf(row[id] as Cell),
          cell: (row) => (
            <button
              type="button"
              className={styles.number}
              title={exactText(row[id] as Cell, unit)}
              aria-label={`${header} of ${row.channel.label}: ${shown(row)}`}
              onClick={() => onExplain(metric, keyOf(row))}
            >
              {shown(row)}
            </button>
          ),
        };
      }),
      {
        id: "roi",
        header: "ROI",
        width: 164,
        align: "right",
        value: (row) => row.roi?.value,
        cell: (row) => <RoiText roi={row.roi} label={row.channel.label} onOpen={() => onExplain("roi", keyOf(row))} />,
      },
    ];
  }, [onExplain, rows, totals]);
  return (
    <DataTable
      name="channels"
      one="channel"
      rows={rows}
      foot={totals}
      columns={columns}
      rowId={(row) => row.channel.value}
      loading={home === undefined}
    />
  );
}

/** Credit splits what is counted; where it does, every count of the column has its tenth, so that the places stand in line. */
function countText({ value }: Cell, fractional: boolean): string {
  return value === null || value === undefined ? "–" : number(plain(value), fractional ? 1 : 0, fractional ? 1 : 0);
}

/** The whole amount, or why there is none. */
function exactText(cell: Cell, unit: Unit): string | undefined {
  if (cell.value === null || cell.value === undefined) return cell.reason ?? undefined;
  return figureText(cell.value, unit);
}

function numberOf(cell: Cell): number | null {
  return cell.value === null || cell.value === undefined ? null : plain(cell.value);
}

interface RoiTextProps {
  roi: Roi | null | undefined;
  label: string;
  onOpen: () => void;
}

function RoiText({ roi, label, onOpen }: RoiTextProps) {
  if (!roi) return <span className={styles.muted}>no spend</span>;
  const interval = roi.low !== null && roi.low !== undefined && roi.high !== null && roi.high !== undefined;
  // Above the whole spend a tenth of a percent says nothing.
  const text = `${signedPercent(roi.value, Math.abs(roi.value) < 1 ? 1 : 0)}${interval ? ` (${whole(roi.low ?? 0)} to ${whole(roi.high ?? 0)})` : ""}`;
  return (
    <button
      type="button"
      title={roi.note ?? text}
      className={classNames(styles.number, roi.is_noise && styles.muted)}
      aria-label={`ROI of ${label}: ${text}`}
      onClick={onOpen}
    >
      {text}
    </button>
  );
}

function whole(share: number): string {
  return number(share * 100, 0);
}
