import { Download } from "lucide-react";
import { csvText, download } from "#/lib/csv.ts";
import { counted, type Money, money, moneyRound } from "#/lib/format.ts";
import { ChannelChip } from "#/ui/channel-chip.tsx";
import { IconButton } from "#/ui/icon-button.tsx";
import { Section } from "#/ui/section.tsx";
import styles from "./attribution.module.css";
import { type AttributionAnswer, eventOfGoal, type ModelRow } from "./queries.ts";

interface ModelTableProps {
  answer: AttributionAnswer;
  name: string;
  /** Opens the rows behind the credit of a key, or of all keys together. */
  onExplain: (model: string, key?: string) => void;
}

/** Every key with its credit under every model, and how far the models are apart; every credit opens. */
export function ModelTable({ answer, name, onExplain }: ModelTableProps) {
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
              <Row key={row.key.value} row={row} answer={answer} most={most} onExplain={onExplain} />
            ))}
          </tbody>
          <tfoot>
            <tr>
              <td>Together</td>
              {answer.models.map((model, place) => (
                <td key={model.id}>
                  <Credit
                    value={answer.totals[place]}
                    label={`All together, ${model.name}`}
                    onOpen={() => onExplain(model.id)}
                  />
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

interface CreditProps {
  value: Money | undefined;
  label: string;
  title?: string;
  onOpen: () => void;
}

function Credit({ value, label, title, onOpen }: CreditProps) {
  if (!value) return "–";
  return (
    <button
      type="button"
      className={styles.number}
      title={title ?? money(value)}
      aria-label={`${label}: ${moneyRound(value)}`}
      aria-haspopup="dialog"
      onClick={onOpen}
    >
      {moneyRound(value)}
    </button>
  );
}

interface RowProps {
  row: ModelRow;
  answer: AttributionAnswer;
  most: number;
  onExplain: (model: string, key?: string) => void;
}

function Row({ row, answer, most, onExplain }: RowProps) {
  const noun = eventOfGoal(answer.goal) === undefined ? "deal" : "conversion";
  const low = (Math.max(0, Number(row.lowest.amount)) / most) * 100;
  const high = (Math.max(0, Number(row.highest.amount)) / most) * 100;
  return (
    <tr>
      <td>{answer.dimension === "channel" ? <ChannelChip name={row.key.label} /> : row.key.label}</td>
      {answer.models.map((model, place) => (
        <td key={model.id}>
          <Credit
            value={row.values[place]}
            label={`${row.key.label}, ${model.name}`}
            title={row.values[place] && `${money(row.values[place])}, ${counted(row.goals[place] ?? 0, noun)}`}
            onOpen={() => onExplain(model.id, row.key.value)}
          />
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
