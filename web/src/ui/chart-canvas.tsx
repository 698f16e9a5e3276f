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
import { type ChartData, categoryText } from "./chart-model.ts";
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
  /** Writes a category short, for the axis. */
  categoryLabelShort: (category: string) => string;
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
  categoryLabelShort,
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
      label: categoryLabelShort,
      animate: !matchMedia("(prefers-reduced-motion: reduce)").matches,
      zoomable: onZoom !== undefined,
      width: element.clientWidth,
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
  }, [data, dark, height, format, formatShort, categoryLabel, categoryLabelShort, onZoom, onPick]);
  return <div ref={box} className={styles.canvas} style={{ height }} role="img" aria-label={label} />;
}

/** Tokens are written with `light-dark()`; the browser resolves them on an element. */
function readColours(parent: HTMLElement): ChartColours {
  const resolve = (colour: string) => {
    // A new element each time: on an old one a transition would still show the colour before.
    const probe = document.createElement("span");
    probe.style.color = colour;
    parent.append(probe);
    const resolved = getComputedStyle(probe).color;
    probe.remove();
    return resolved;
  };
  return {
    resolve,
    text: resolve("var(--text)"),
    muted: resolve("var(--muted)"),
    grid: resolve("var(--border)"),
    surface: resolve("var(--surface)"),
  };
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
  head.textContent = categoryText(data, place, categoryLabel);
  box.append(head);
  data.series.forEach((series, index) => {
    const row = document.createElement("span");
    const dot = document.createElement("i");
    dot.style.background = seriesColour(series, index);
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
