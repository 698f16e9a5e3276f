import { Table2 } from "lucide-react";
import { useEffect, useMemo, useRef, useState } from "react";
import { useMay } from "#/app/session.ts";
import { channelColour, isChannel } from "#/lib/channels.ts";
import { classNames } from "#/lib/class-names.ts";
import type { CsvCell } from "#/lib/csv.ts";
import { counted, number, percent } from "#/lib/format.ts";
import { DataTable } from "#/ui/data-table.tsx";
import { EmptyState } from "#/ui/empty-state.tsx";
import { Section } from "#/ui/section.tsx";
import type { Column } from "#/ui/table-model.ts";
import styles from "./explore.module.css";
import { ExportMenu } from "./export-menu.tsx";
import { type Flow, type FlowNode, layOut } from "./flow.ts";
import { type AskOf, type Cell, type FoundOf, type Stop, stopLabel } from "./model.ts";
import { NumberButton } from "./number-button.tsx";

interface PathsViewProps {
  ask: AskOf<"paths">;
  found: FoundOf<"paths">;
  onOpen: (cell: Cell) => void;
}

interface Row {
  step: number;
  stop: Stop;
  people: number;
}

/** What people do before or after something, step by step. */
export function PathsView({ ask, found, onOpen }: PathsViewProps) {
  const [asTable, setAsTable] = useState(false);
  const backwards = ask.direction === "before";
  const all = found.steps[0]?.[0]?.people ?? 0;
  const rows = useMemo(
    () => found.steps.flatMap((stops, step) => stops.map(({ stop, people }): Row => ({ step, stop, people }))),
    [found],
  );
  if (all === 0)
    return (
      <EmptyState title="Nobody did this in the period">
        Paths begin at an event that happened. Choose another event or other dates, or take away a condition.
      </EmptyState>
    );
  const words = backwards ? "before" : "after";
  return (
    <Section
      title={`What ${counted(all, "person", "people")} did ${words} ${backwards ? "their last" : "their first"} “${stopLabel(found.steps[0]?.[0]?.stop ?? "other")}”`}
      text={`The height is people. ${backwards ? "Read from the right" : "Read from the left"}; every stop opens the people who stood there.`}
      actions={
        <ExportMenu
          title="Paths"
          header={["Step", "Stop", "People"]}
          rows={() => rows.map((row): CsvCell[] => [row.step, stopLabel(row.stop), row.people])}
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
        <StopTable rows={rows} all={all} onOpen={onOpen} />
      ) : (
        <Diagram found={found} backwards={backwards} all={all} onOpen={onOpen} />
      )}
    </Section>
  );
}

interface DiagramProps {
  found: FoundOf<"paths">;
  backwards: boolean;
  all: number;
  onOpen: (cell: Cell) => void;
}

/** The narrowest column in which a name can still be read. */
const COLUMN = 150;
/** Around the drawing, both sides. */
const PADDING = 34;

function Diagram({ found, backwards, all, onOpen }: DiagramProps) {
  const box = useRef<HTMLElement>(null);
  const [room, setRoom] = useState(900);
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const watcher = new ResizeObserver(() => setRoom(element.clientWidth));
    watcher.observe(element);
    return () => watcher.disconnect();
  }, []);
  const width = Math.max(room - PADDING, found.steps.length * COLUMN);
  const flow = useMemo(() => layOut(found, width, backwards), [found, width, backwards]);
  return (
    <section ref={box} className={styles.flowBox} tabIndex={0} aria-label="Paths, step by step">
      <div className={styles.flow} style={{ inlineSize: width, blockSize: flow.height }}>
        <Bands flow={flow} found={found} width={width} />
        {flow.nodes.map((node) => (
          <Node key={`${node.step} ${node.place}`} node={node} found={found} all={all} onOpen={onOpen} />
        ))}
      </div>
    </section>
  );
}

function stopAt(found: FoundOf<"paths">, node: FlowNode): Stop {
  return found.steps[node.step]?.[node.place]?.stop ?? "other";
}

function colourOf(stop: Stop): string {
  if (stop === "end" || stop === "other") return "var(--channel-other)";
  return isChannel(stop.value) && stop.value !== "" ? channelColour(stop.value) : "var(--accent)";
}

function Bands({ flow, found, width }: { flow: Flow; found: FoundOf<"paths">; width: number }) {
  return (
    <svg width={width} height={flow.height} aria-hidden="true">
      {flow.links.map((link) => (
        <path
          key={link.path}
          d={link.path}
          className={styles.band}
          stroke={colourOf(stopAt(found, link.to))}
          strokeWidth={link.width}
        >
          <title>
            {`${stopLabel(stopAt(found, link.from))} → ${stopLabel(stopAt(found, link.to))}: ${counted(link.people, "person", "people")}`}
          </title>
        </path>
      ))}
    </svg>
  );
}

interface NodeProps {
  node: FlowNode;
  found: FoundOf<"paths">;
  all: number;
  onOpen: (cell: Cell) => void;
}

function Node({ node, found, all, onOpen }: NodeProps) {
  const stop = stopAt(found, node);
  const may = useMay("people.read");
  const label = stopLabel(stop);
  const figure = `${number(node.people)} · ${percent(node.people / all)}`;
  const inside = (
    <>
      <i className={styles.stem} style={{ blockSize: node.height, background: colourOf(stop) }} />
      <span className={styles.stopText}>
        <span className={styles.stopName}>
          <span className="visually-hidden">Step {node.step}, </span>
          {label}
        </span>{" "}
        <span className={styles.muted}>{figure}</span>
      </span>
    </>
  );
  const place = { insetInlineStart: node.x, insetBlockStart: node.y };
  if (!may)
    return (
      <div className={styles.stop} style={place}>
        {inside}
      </div>
    );
  return (
    <button
      type="button"
      className={classNames(styles.stop, styles.opens)}
      style={place}
      title={`${label}: show people`}
      onClick={() => onOpen({ kind: "paths", step: node.step, stop })}
    >
      {inside}
    </button>
  );
}

function StopTable({ rows, all, onOpen }: { rows: Row[]; all: number; onOpen: (cell: Cell) => void }) {
  const columns = useMemo<Column<Row>[]>(
    () => [
      { id: "step", header: "Step", width: 70, value: (row) => row.step },
      { id: "stop", header: "Stop", value: (row) => stopLabel(row.stop) },
      {
        id: "people",
        header: "People",
        align: "right",
        width: 110,
        value: (row) => row.people,
        cell: (row) => (
          <NumberButton
            label={`Step ${row.step}, ${stopLabel(row.stop)}`}
            text={number(row.people)}
            onOpen={() => onOpen({ kind: "paths", step: row.step, stop: row.stop })}
          />
        ),
      },
      {
        id: "share",
        header: "Of all",
        align: "right",
        width: 90,
        value: (row) => row.people / all,
        cell: (row) => percent(row.people / all),
      },
    ],
    [all, onOpen],
  );
  return (
    <DataTable
      name="stops"
      one="stop"
      rows={rows}
      columns={columns}
      rowId={(row) => `${row.step} ${JSON.stringify(row.stop)}`}
      bare
    />
  );
}
