import { BarChart, LineChart } from "echarts/charts";
import {
  AriaComponent,
  BrushComponent,
  GridComponent,
  MarkLineComponent,
  ToolboxComponent,
  TooltipComponent,
} from "echarts/components";
import { init, use } from "echarts/core";
import { CanvasRenderer } from "echarts/renderers";
import { useEffect, useRef } from "react";
import { useDark } from "#/lib/theme.ts";
import styles from "./chart.module.css";
import type { ChartData } from "./chart-model.ts";
import { type ChartColours, chartOptions, seriesColour } from "./chart-options.ts";

use([
  AriaComponent,
  BarChart,
  BrushComponent,
  CanvasRenderer,
  GridComponent,
  LineChart,
  MarkLineComponent,
  ToolboxComponent,
  TooltipComponent,
]);

export interface ChartCanvasProps {
  data: ChartData;
  height: number;
  label: string;
  /** Writes a value in full, for the tooltip. */
  format: (value: number) => string;
  /** Writes a value short, for the axis. */
  formatShort: (value: number) => string;
  categoryLabel: (category: string) => string;
  onZoom?: ((from: string, to: string) => void) | undefined;
  onPick?: ((category: string) => void) | undefined;
}

/** The drawing of a chart; a chunk of its own, because the library is large. */
export function ChartCanvas({
  data,
  height,
  label,
  format,
  formatShort,
  categoryLabel,
  onZoom,
  onPick,
}: ChartCanvasProps) {
  const box = useRef<HTMLDivElement>(null);
  const dark = useDark();
  // biome-ignore lint/correctness/useExhaustiveDependencies: a change of theme resolves the colours anew
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const chart = init(element, undefined, { renderer: "canvas" });
    const colours = readColours(element);
    const options = chartOptions(data, {
      colours,
      format: formatShort,
      label: categoryLabel,
      animate: !matchMedia("(prefers-reduced-motion: reduce)").matches,
      zoomable: onZoom !== undefined,
    });
    const tooltip = {
      ...options.tooltip,
      formatter: (points: unknown) => tooltipElement(points, data, format, categoryLabel),
    };
    chart.setOption({ ...options, tooltip });
    if (onZoom) {
      chart.dispatchAction({
        type: "takeGlobalCursor",
        key: "brush",
        brushOption: { brushType: "lineX", brushMode: "single" },
      });
      chart.on("brushEnd", (event) => {
        const range = (event as { areas?: { coordRange?: number[] }[] }).areas?.[0]?.coordRange;
        const from = data.categories[range?.[0] ?? -1];
        const to = data.categories[range?.[1] ?? -1];
        chart.dispatchAction({ type: "brush", areas: [] });
        if (from !== undefined && to !== undefined && from !== to) onZoom(from, to);
      });
    }
    if (onPick) {
      chart.on("click", (event) => {
        const category = data.categories[event.dataIndex];
        if (category !== undefined) onPick(category);
      });
    }
    const watcher = new ResizeObserver(() => chart.resize());
    watcher.observe(element);
    return () => {
      watcher.disconnect();
      chart.dispose();
    };
  }, [data, dark, height, format, formatShort, categoryLabel, onZoom, onPick]);
  return <div ref={box} className={styles.canvas} style={{ height }} role="img" aria-label={label} />;
}

/** Tokens are written with `light-dark()`; the browser resolves them on an element. */
function readColours(parent: HTMLElement): ChartColours {
  const probe = document.createElement("span");
  parent.append(probe);
  const resolve = (colour: string) => {
    probe.style.color = colour;
    return getComputedStyle(probe).color;
  };
  const resolved = new Map<string, string>();
  const cached = (colour: string) => {
    const known = resolved.get(colour);
    if (known) return known;
    if (!probe.isConnected) parent.append(probe);
    const value = resolve(colour);
    resolved.set(colour, value);
    return value;
  };
  const colours = {
    text: cached("var(--text)"),
    muted: cached("var(--muted)"),
    grid: cached("var(--border)"),
    surface: cached("var(--surface)"),
    resolve: (colour: string) => {
      const value = cached(colour);
      probe.remove();
      return value;
    },
  };
  probe.remove();
  return colours;
}

function tooltipElement(
  points: unknown,
  data: ChartData,
  format: (value: number) => string,
  categoryLabel: (category: string) => string,
): HTMLElement {
  const list = (Array.isArray(points) ? points : [points]) as { dataIndex: number; seriesIndex: number }[];
  const place = list[0]?.dataIndex ?? 0;
  const box = document.createElement("div");
  box.className = styles.tooltip ?? "";
  const head = document.createElement("strong");
  head.textContent = categoryLabel(data.categories[place] ?? "");
  box.append(head);
  data.series.forEach((series, index) => {
    const row = document.createElement("span");
    const dot = document.createElement("i");
    dot.style.background = seriesColour(series, index, data.series.length);
    const name = document.createElement("span");
    name.textContent = series.name;
    const value = document.createElement("b");
    const shown = series.values[place];
    value.textContent = shown === null || shown === undefined ? "none" : format(shown);
    row.append(dot, name, value);
    box.append(row);
  });
  return box;
}
