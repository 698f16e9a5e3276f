import { Download } from "lucide-react";
import { csvText, download } from "#/lib/csv.ts";
import { counted, money, moneyRound, number } from "#/lib/format.ts";
import { ChannelChip } from "#/ui/channel-chip.tsx";
import { IconButton } from "#/ui/icon-button.tsx";
import { Section } from "#/ui/section.tsx";
import styles from "./attribution.module.css";
import type { AttributionAnswer, ModelRow } from "./queries.ts";

/** Every key with its credit under every model, and how far the models are apart. */
export function ModelTable({ answer, name }: { answer: AttributionAnswer; name: string }) {
  const most = Math.max(1, ...answer.rows.map((row) => Number(row.highest.amount)));
  const save = () => {
    const header = [name, ...answer.models.map((model) => model.name), "Lowest", "Highest", "Spread"];
    const rows = answer.rows.map((row) => [
      row.key.label,
      ...row.values.map((value) => value.amount),
      row.lowest.amount,
      row.highest.amount,
      row.spread.amount,
    ]);
    download("attribution.csv", csvText(header, rows));
  };
  return (
    <Section
      title="Models side by side"
      actions={
        <IconButton size="small" label="Save as CSV" icon={<Download size={14} aria-hidden="true" />} onClick={save} />
      }
    >
      <section className={styles.scroll} tabIndex={0} aria-label="Credit under every model">
        <table className={styles.table}>
          <thead>
            <tr>
              <th scope="col">{name}</th>
              {answer.models.map((model) => (
                <th key={model.id} scope="col" data-tip={model.description}>
                  {model.name}
                  {model.conserves ? "" : " (overlaps)"}
                </th>
              ))}
              <th scope="col">Lowest to highest</th>
              <th scope="col">Spread</th>
            </tr>
          </thead>
          <tbody>
            {answer.rows.map((row) => (
              <Row key={row.key.value} row={row} most={most} isChannel={answer.dimension === "channel"} />
            ))}
          </tbody>
          <tfoot>
            <tr>
              <td>Together</td>
              {answer.totals.map((total, place) => (
                <td key={answer.models[place]?.id ?? place} title={money(total)}>
                  {moneyRound(total)}
                </td>
              ))}
              <td />
              <td />
            </tr>
          </tfoot>
        </table>
      </section>
      {answer.rows_left_out > 0 ? (
        <p className={styles.muted}>
          {counted(answer.rows_left_out, "smaller row")} left out; the last line has them all.
        </p>
      ) : null}
    </Section>
  );
}

function Row({ row, most, isChannel }: { row: ModelRow; most: number; isChannel: boolean }) {
  const low = (Math.max(0, Number(row.lowest.amount)) / most) * 100;
  const high = (Math.max(0, Number(row.highest.amount)) / most) * 100;
  return (
    <tr>
      <td>{isChannel ? <ChannelChip name={row.key.label} /> : row.key.label}</td>
      {row.values.map((value, place) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the place is the model's
        <td key={place} title={`${money(value)}, ${number(row.goals[place] ?? 0)} deals`}>
          {moneyRound(value)}
        </td>
      ))}
      <td>
        <span className={styles.track} title={`${money(row.lowest)} to ${money(row.highest)}`}>
          <span className={styles.bar} style={{ left: `${low}%`, width: `${Math.max(1, high - low)}%` }} />
        </span>
      </td>
      <td title={money(row.spread)}>{moneyRound(row.spread)}</td>
    </tr>
  );
}
