import { useSession } from "#/app/session.ts";
import type { CsvCell } from "#/lib/csv.ts";
import { today } from "#/lib/dates.ts";
import { counted, number, percent, period } from "#/lib/format.ts";
import { EmptyState } from "#/ui/empty-state.tsx";
import { Section } from "#/ui/section.tsx";
import styles from "./explore.module.css";
import { ExportMenu } from "./export-menu.tsx";
import { type AskOf, bracketLabel, type Cell, type FoundOf, groupLabel, hiddenGroups } from "./model.ts";
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
  const brackets = found.brackets ?? [];
  // The first period is nearly everybody: it would leave no shade for the others.
  const most = Math.max(
    0.01,
    ...cohorts.flatMap((cohort) => cohort.back.slice(1).map((back) => (back ?? 0) / cohort.people)),
  );
  const rows = () =>
    found.cohorts.map((cohort): CsvCell[] => [
      label(cohort.period.from),
      cohort.people,
      ...brackets.map((_, place) => cohort.brackets?.[place] ?? null),
      ...places.map((after) => cohort.back[after] ?? null),
    ]);
  return (
    <>
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
            header={[
              one,
              "People",
              ...brackets.map((bracket) => bracketLabel(one, bracket)),
              ...places.map((after) => `${one} ${after}`),
            ]}
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
                {brackets.map((bracket) => (
                  <th key={bracketLabel(one, bracket)} scope="col">
                    {bracketLabel(one, bracket)}
                  </th>
                ))}
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
                <td>
                  <NumberButton
                    label="First in any of them"
                    text={number(cohorts.reduce((sum, cohort) => sum + cohort.people, 0))}
                    onOpen={() => onOpen({ kind: "retention" })}
                  />
                </td>
                {brackets.map((bracket, place) => (
                  <MeanCell
                    key={bracketLabel(one, bracket)}
                    label={`Back in ${bracketLabel(one, bracket)}, mean`}
                    mean={bracket.mean}
                    onOpen={() => onOpen({ kind: "retention", bracket: place })}
                  />
                ))}
                {places.map((after) => (
                  <MeanCell
                    key={after}
                    label={`Back ${counted(after, length)} later, mean`}
                    mean={found.mean[after]}
                    onOpen={() => onOpen({ kind: "retention", after })}
                  />
                ))}
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
                  {brackets.map((bracket, place) => {
                    const back = cohort.brackets?.[place];
                    const key = bracketLabel(one, bracket);
                    if (back === null || back === undefined) return <td key={key} />;
                    return (
                      <td
                        key={key}
                        className={cohort.place >= bracket.cohorts_over ? styles.open : undefined}
                        title={`${number(back)} of ${number(cohort.people)} people`}
                      >
                        <NumberButton
                          label={`First in ${label(cohort.period.from)}, back in ${key}`}
                          text={percent(back / cohort.people)}
                          onOpen={
                            back > 0
                              ? () => onOpen({ kind: "retention", cohort: cohort.place, bracket: place })
                              : undefined
                          }
                        />
                      </td>
                    );
                  })}
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
                          onOpen={
                            back > 0 ? () => onOpen({ kind: "retention", cohort: cohort.place, after }) : undefined
                          }
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
      {(found.parts ?? []).length > 0 ? <Parts found={found} one={one} length={length} onOpen={onOpen} /> : null}
    </>
  );
}

type Mean = FoundOf<"retention">["mean"][number];

interface MeanCellProps {
  label: string;
  mean: Mean | undefined;
  onOpen: () => void;
}

/** A share over several cohorts, with the people who came back behind it. */
function MeanCell({ label, mean, onOpen }: MeanCellProps) {
  if (typeof mean?.share !== "number") return <td>–</td>;
  return (
    <td title={`${number(mean.back)} of ${number(mean.people)} people`}>
      <NumberButton label={label} text={percent(mean.share)} onOpen={mean.back > 0 ? onOpen : undefined} />
    </td>
  );
}

interface PartsProps {
  found: FoundOf<"retention">;
  one: string;
  length: "day" | "week" | "month";
  onOpen: (cell: Cell) => void;
}

/** The parts of a breakdown, each over all its cohorts. */
function Parts({ found, one, length, onOpen }: PartsProps) {
  const brackets = found.brackets ?? [];
  const places = found.mean.map((_, after) => after).filter((after) => (found.mean[after]?.people ?? 0) > 0);
  const parts = found.parts ?? [];
  return (
    <Section
      title="By what their first event says"
      text={
        hiddenGroups(found.groups ?? 0, parts.filter((part) => part.group !== "other").length) ??
        "Over all cohorts for which the period is over."
      }
      actions={
        <ExportMenu
          title="Retention by part"
          header={[
            "Part",
            "People",
            ...brackets.map((bracket) => bracketLabel(one, bracket)),
            ...places.map((after) => `${one} ${after}`),
          ]}
          rows={() =>
            parts.map((part): CsvCell[] => [
              groupLabel(part.group),
              part.people,
              ...brackets.map((_, place) => part.brackets?.[place]?.back ?? null),
              ...places.map((after) => part.mean[after]?.back ?? null),
            ])
          }
        />
      }
    >
      <section className={styles.heatBox} tabIndex={0} aria-label="Table of parts">
        <table className={styles.heat} aria-label="Retention by part">
          <thead>
            <tr>
              <th scope="col">Part</th>
              <th scope="col">People</th>
              {brackets.map((bracket) => (
                <th key={bracketLabel(one, bracket)} scope="col">
                  {bracketLabel(one, bracket)}
                </th>
              ))}
              {places.map((after) => (
                <th key={after} scope="col">
                  {one} {after}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {parts.map((part) => {
              const name = groupLabel(part.group);
              return (
                <tr key={name}>
                  <th scope="row">{name}</th>
                  <td>
                    <NumberButton
                      label={name}
                      text={number(part.people)}
                      onOpen={() => onOpen({ kind: "retention", group: part.group })}
                    />
                  </td>
                  {brackets.map((bracket, place) => (
                    <MeanCell
                      key={bracketLabel(one, bracket)}
                      label={`${name}, back in ${bracketLabel(one, bracket)}`}
                      mean={part.brackets?.[place]}
                      onOpen={() => onOpen({ kind: "retention", bracket: place, group: part.group })}
                    />
                  ))}
                  {places.map((after) => (
                    <MeanCell
                      key={after}
                      label={`${name}, back ${counted(after, length)} later`}
                      mean={part.mean[after]}
                      onOpen={() => onOpen({ kind: "retention", after, group: part.group })}
                    />
                  ))}
                </tr>
              );
            })}
          </tbody>
        </table>
      </section>
    </Section>
  );
}
