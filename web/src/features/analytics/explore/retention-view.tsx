import { useSession } from "#/app/session.ts";
import type { CsvCell } from "#/lib/csv.ts";
import { today } from "#/lib/dates.ts";
import { counted, number, percent, period } from "#/lib/format.ts";
import { EmptyState } from "#/ui/empty-state.tsx";
import { Section } from "#/ui/section.tsx";
import styles from "./explore.module.css";
import { ExportMenu } from "./export-menu.tsx";
import type { AskOf, Cell, FoundOf } from "./model.ts";
import { NumberButton } from "./number-button.tsx";

interface RetentionViewProps {
  ask: AskOf<"retention">;
  found: FoundOf<"retention">;
  onOpen: (cell: Cell) => void;
}

const ONES = { day: "Day", week: "Week", month: "Month" } as const;

/** Who came back: a row a cohort, a column a period later; a stronger colour is more. */
export function RetentionView({ ask, found, onOpen }: RetentionViewProps) {
  const { workspace } = useSession();
  const length = ask.period ?? "week";
  const one = ONES[length];
  const cohorts = found.cohorts.map((cohort, place) => ({ ...cohort, place })).filter((cohort) => cohort.people > 0);
  if (cohorts.length === 0)
    return (
      <EmptyState title="Nobody did the first event in the period">
        Choose other dates, another first event, or take away a condition.
      </EmptyState>
    );
  const label = (from: string) => period(today(workspace.time_zone, new Date(from)), length);
  const first = cohorts[0]?.place ?? 0;
  const places = found.cohorts.slice(first).map((_, after) => after);
  const later = found.mean[1];
  // The first period is nearly everybody: it would leave no shade for the others.
  const most = Math.max(
    0.01,
    ...cohorts.flatMap((cohort) => cohort.back.slice(1).map((back) => (back ?? 0) / cohort.people)),
  );
  const rows = () =>
    found.cohorts.map((cohort): CsvCell[] => [
      label(cohort.period.from),
      cohort.people,
      ...places.map((after) => cohort.back[after] ?? null),
    ]);
  return (
    <Section
      title={
        later && typeof later.share === "number"
          ? `${percent(later.share)} came back one ${length} later${found.rule === "unbounded" ? " or after that" : ""}`
          : `Who came back, by ${length}`
      }
      text="A row is everybody whose first event was then; a stronger colour is more. Hatched: the period is not over yet. The mean counts only periods that are over."
      actions={
        <ExportMenu
          title="Retention"
          header={[one, "People", ...places.map((after) => `${one} ${after}`)]}
          rows={rows}
        />
      }
    >
      <section className={styles.heatBox} tabIndex={0} aria-label="Table of cohorts">
        <table className={styles.heat} aria-label="Retention by cohort">
          <thead>
            <tr>
              <th scope="col">First in</th>
              <th scope="col">People</th>
              {places.map((after) => (
                <th key={after} scope="col">
                  {one} {after}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            <tr className={styles.mean}>
              <th scope="row">Mean</th>
              <td>{number(cohorts.reduce((sum, cohort) => sum + cohort.people, 0))}</td>
              {places.map((after) => {
                const mean = found.mean[after];
                return (
                  <td key={after} title={mean ? `${number(mean.back)} of ${number(mean.people)} people` : undefined}>
                    {typeof mean?.share === "number" ? percent(mean.share) : "–"}
                  </td>
                );
              })}
            </tr>
            {cohorts.map((cohort) => (
              <tr key={cohort.period.from}>
                <th scope="row">{label(cohort.period.from)}</th>
                <td>
                  <NumberButton
                    label={`First in ${label(cohort.period.from)}`}
                    text={number(cohort.people)}
                    onOpen={() => onOpen({ kind: "retention", cohort: cohort.place })}
                  />
                </td>
                {places.map((after) => {
                  const back = cohort.back[after];
                  if (back === null || back === undefined) return <td key={after} />;
                  const share = back / cohort.people;
                  return (
                    <td
                      key={after}
                      className={after >= cohort.partial_from ? styles.open : undefined}
                      style={{ "--share": `${Math.round(Math.min(1, share / most) * 70)}%` } as React.CSSProperties}
                      title={`${number(back)} of ${number(cohort.people)} people`}
                    >
                      <NumberButton
                        label={`First in ${label(cohort.period.from)}, back ${counted(after, length)} later`}
                        text={percent(share)}
                        onOpen={back > 0 ? () => onOpen({ kind: "retention", cohort: cohort.place, after }) : undefined}
                      />
                    </td>
                  );
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </Section>
  );
}
