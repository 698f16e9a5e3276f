import { Table2 } from "lucide-react";
import { useMemo, useState } from "react";
import { channelColour, isChannel } from "#/lib/channels.ts";
import type { CsvCell } from "#/lib/csv.ts";
import { counted, duration, number, percent, signedPercent } from "#/lib/format.ts";
import { DataTable } from "#/ui/data-table.tsx";
import { EmptyState } from "#/ui/empty-state.tsx";
import { Section } from "#/ui/section.tsx";
import type { Column } from "#/ui/table-model.ts";
import styles from "./explore.module.css";
import { ExportMenu } from "./export-menu.tsx";
import { biggestLoss, medianText } from "./funnel-words.ts";
import { type AskOf, type Cell, eventLabel, type FoundOf, groupLabel, hiddenGroups } from "./model.ts";
import { NumberButton } from "./number-button.tsx";
import type { Choices } from "./queries.ts";

type Part = FoundOf<"funnel">["parts"][number];
type Step = Part["steps"][number];

interface FunnelViewProps {
  ask: AskOf<"funnel">;
  found: FoundOf<"funnel">;
  choices: Choices;
  onOpen: (cell: Cell) => void;
}

/** Where people are lost: a bar a step, the rate between two, and who dropped off. */
export function FunnelView({ ask, found, choices, onOpen }: FunnelViewProps) {
  const [asTable, setAsTable] = useState(false);
  const names = useMemo(() => ask.steps.map((step) => eventLabel(step, choices.columns)), [ask, choices]);
  const [everybody, ...parts] = found.parts;
  // The answer before can have another number of steps.
  if (!everybody || everybody.steps.length !== names.length) return null;
  const first = everybody.steps[0]?.people ?? 0;
  const last = everybody.steps.at(-1);
  if (first === 0)
    return (
      <EmptyState title="Nobody took the first step in the period">
        “{names[0]}” did not happen in these dates, or to nobody who counts. Choose other dates, or take away a
        condition.
      </EmptyState>
    );
  const rows = () =>
    found.parts.flatMap((part) =>
      part.steps.map((step, place): CsvCell[] => [
        groupLabel(part.group),
        place + 1,
        names[place] ?? "",
        step.people,
        step.of_first ?? null,
        step.of_before ?? null,
        step.dropped ?? null,
        step.took_mean_seconds ?? null,
        step.previous_people ?? null,
      ]),
    );
  return (
    <>
      <Section
        title={`${percent(last?.of_first ?? 0)} of ${counted(first, "person", "people")} came to the end`}
        text={biggestLoss(everybody.steps, names)}
        actions={
          <ExportMenu
            title="Funnel"
            header={[
              "Part",
              "Step",
              "Event",
              "People",
              "Of the first",
              "Of the one before",
              "Dropped off",
              "Mean seconds from the first",
              "Compared",
            ]}
            rows={rows}
            first={[
              {
                label: asTable ? "Show as chart" : "Show as table",
                icon: <Table2 size={14} />,
                onSelect: () => setAsTable(!asTable),
              },
            ]}
          />
        }
      >
        {asTable ? (
          <StepTable part={everybody} names={names} onOpen={onOpen} />
        ) : (
          <Bars part={everybody} names={names} onOpen={onOpen} />
        )}
      </Section>
      {parts.length > 0 ? (
        <Section
          title="Broken down"
          text={`People stand where the event of their first step puts them. ${hiddenGroups(found.groups, parts.filter((part) => part.group !== "other").length) ?? ""}`}
        >
          <PartTable parts={parts} names={names} onOpen={onOpen} />
        </Section>
      ) : null}
    </>
  );
}

interface BarsProps {
  part: Part;
  names: string[];
  onOpen: (cell: Cell) => void;
}

function Bars({ part, names, onOpen }: BarsProps) {
  const most = Math.max(1, ...part.steps.map((step) => Math.max(step.people, step.previous_people ?? 0)));
  const group = part.group ? { group: part.group } : {};
  return (
    <ol className={styles.funnel}>
      {part.steps.map((step, place) => {
        const name = names[place] ?? "";
        return (
          // biome-ignore lint/suspicious/noArrayIndexKey: two steps can be the same event; the place is what a step is
          <li key={place}>
            {place > 0 ? (
              <div className={styles.between}>
                <span className={styles.rate}>{rate(step.of_before)}</span>
                <span>go on{took(step)}</span>
                <Dropped
                  step={part.steps[place - 1]}
                  name={names[place - 1] ?? ""}
                  place={place - 1}
                  group={group}
                  onOpen={onOpen}
                />
              </div>
            ) : null}
            <div className={styles.step}>
              <span className={styles.stepName} title={name}>
                <span className={styles.mark}>{place + 1}</span>
                {name}
              </span>
              <div className={styles.track}>
                <div className={styles.bar} style={{ inlineSize: `${(step.people / most) * 100}%` }} />
                {typeof step.previous_people === "number" ? (
                  <div className={styles.barBefore} style={{ inlineSize: `${(step.previous_people / most) * 100}%` }} />
                ) : null}
              </div>
              <span className={styles.stepFigure}>
                <NumberButton
                  label={`Step ${place + 1}, ${name}`}
                  text={number(step.people)}
                  onOpen={() => onOpen({ kind: "funnel", step: place, outcome: "reached", ...group })}
                />
                <span className={styles.muted}>{rate(step.of_first)}</span>
                {typeof step.previous_people === "number" ? (
                  <span className={styles.muted}>
                    {number(step.previous_people)} before
                    {step.previous_people > 0 ? `, ${signedPercent(step.people / step.previous_people - 1)}` : ""}
                  </span>
                ) : null}
              </span>
            </div>
          </li>
        );
      })}
    </ol>
  );
}

interface DroppedProps {
  step: Step | undefined;
  name: string;
  place: number;
  group: { group?: Part["group"] };
  onOpen: (cell: Cell) => void;
}

function Dropped({ step, name, place, group, onOpen }: DroppedProps) {
  if (typeof step?.dropped !== "number") return null;
  return (
    <span className={styles.dropped}>
      <NumberButton
        label={`Dropped off after step ${place + 1}, ${name}`}
        text={number(step.dropped)}
        onOpen={
          step.dropped > 0 ? () => onOpen({ kind: "funnel", step: place, outcome: "dropped", ...group }) : undefined
        }
      />{" "}
      dropped off
    </span>
  );
}

function rate(share: number | null | undefined): string {
  return share === null || share === undefined ? "–" : percent(share);
}

function took(step: Step): string {
  const median = medianText(step.took_median);
  return median ? `, median ${median} from step 1` : "";
}

interface StepRow {
  place: number;
  name: string;
  step: Step;
}

function StepTable({ part, names, onOpen }: BarsProps) {
  const rows = useMemo(
    () => part.steps.map((step, place): StepRow => ({ place, step, name: names[place] ?? "" })),
    [part, names],
  );
  const columns = useMemo<Column<StepRow>[]>(
    () => [
      { id: "place", header: "Step", width: 60, value: (row) => row.place + 1 },
      { id: "name", header: "Event", value: (row) => row.name },
      {
        id: "people",
        header: "People",
        align: "right",
        width: 90,
        value: (row) => row.step.people,
        cell: (row) => (
          <NumberButton
            label={`Step ${row.place + 1}, ${row.name}`}
            text={number(row.step.people)}
            onOpen={() => onOpen({ kind: "funnel", step: row.place, outcome: "reached" })}
          />
        ),
      },
      {
        id: "first",
        header: "Of the first",
        align: "right",
        width: 100,
        value: (row) => row.step.of_first,
        cell: (row) => rate(row.step.of_first),
      },
      {
        id: "before",
        header: "Of the one before",
        align: "right",
        width: 130,
        value: (row) => row.step.of_before,
        cell: (row) => rate(row.step.of_before),
      },
      {
        id: "dropped",
        header: "Dropped off",
        align: "right",
        width: 110,
        value: (row) => row.step.dropped,
        cell: (row) =>
          typeof row.step.dropped === "number" ? (
            <NumberButton
              label={`Dropped off after step ${row.place + 1}, ${row.name}`}
              text={number(row.step.dropped)}
              onOpen={() => onOpen({ kind: "funnel", step: row.place, outcome: "dropped" })}
            />
          ) : (
            "–"
          ),
      },
      {
        id: "mean",
        header: "Mean from step 1",
        align: "right",
        width: 130,
        value: (row) => row.step.took_mean_seconds,
        cell: (row) => (typeof row.step.took_mean_seconds === "number" ? duration(row.step.took_mean_seconds) : "–"),
      },
      {
        id: "median",
        header: "Median from step 1",
        align: "right",
        width: 150,
        hint: "Known to lie between two limits of a histogram.",
        value: (row) => row.step.took_median?.from_seconds,
        cell: (row) => medianText(row.step.took_median) ?? "–",
      },
    ],
    [onOpen],
  );
  return <DataTable name="steps" one="step" rows={rows} columns={columns} rowId={(row) => String(row.place)} bare />;
}

interface PartTableProps {
  parts: Part[];
  names: string[];
  onOpen: (cell: Cell) => void;
}

function PartTable({ parts, names, onOpen }: PartTableProps) {
  const columns = useMemo<Column<Part>[]>(
    () => [
      {
        id: "part",
        header: "Part",
        value: (part) => groupLabel(part.group),
        cell: (part) => {
          const label = groupLabel(part.group);
          return (
            <span className={styles.partName}>
              {isChannel(label) ? <i style={{ background: channelColour(label) }} /> : null}
              {label}
            </span>
          );
        },
      },
      ...names.map(
        (name, place): Column<Part> => ({
          id: `step-${place}`,
          header: `${place + 1} ${name}`,
          align: "right",
          width: 150,
          value: (part) => part.steps[place]?.people,
          cell: (part) => (
            <>
              <NumberButton
                label={`${groupLabel(part.group)}, step ${place + 1}, ${name}`}
                text={number(part.steps[place]?.people ?? 0)}
                onOpen={() =>
                  onOpen({
                    kind: "funnel",
                    step: place,
                    outcome: "reached",
                    ...(part.group ? { group: part.group } : {}),
                  })
                }
              />
              {place > 0 ? <span className={styles.muted}> {rate(part.steps[place]?.of_before)}</span> : null}
            </>
          ),
        }),
      ),
      {
        id: "end",
        header: "To the end",
        align: "right",
        width: 110,
        value: (part) => part.steps.at(-1)?.of_first,
        cell: (part) => rate(part.steps.at(-1)?.of_first),
      },
      {
        id: "differs",
        header: "Against the rest",
        width: 170,
        hint: "Whether its rate to the end differs from that of all others by more than chance alone does in 95 of 100 cases.",
        value: (part) =>
          part.differs === null || part.differs === undefined
            ? "too few to say"
            : part.differs
              ? "differs"
              : "could be chance",
      },
    ],
    [names, onOpen],
  );
  return (
    <DataTable
      name="parts"
      one="part"
      rows={parts}
      columns={columns}
      rowId={(part) => JSON.stringify(part.group ?? null)}
    />
  );
}
