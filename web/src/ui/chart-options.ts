import { channelColour, isChannel } from "#/lib/channels.ts";
import { type ChartData, type ChartSeries, isIncomplete } from "./chart-model.ts";

/** The tokens a chart needs, resolved to colours of the current theme. */
export interface ChartColours {
  resolve: (colour: string) => string;
  text: string;
  muted: string;
  grid: string;
  surface: string;
}

export interface ChartSettings {
  colours: ChartColours;
  format: (value: number) => string;
  label: (category: string) => string;
  animate: boolean;
  zoomable: boolean;
  /** The width of the drawing, in pixels. */
  width: number;
}

/** The colour of a series: its own, its channel's, grey for a comparison or a plan, the accent for the first. */
export function seriesColour(series: ChartSeries, place: number): string {
  if (series.colour) return series.colour;
  if (series.look === "comparison") return "var(--channel-other)";
  if (series.look === "plan" || series.look === "forecast") return "var(--muted)";
  return place === 0 && !isChannel(series.name) ? "var(--accent)" : channelColour(series.name);
}

/** Most categories of bars that all have their name. */
const NAMES_MAX = 12;

/** The library's options for a chart. */
export function chartOptions(data: ChartData, settings: ChartSettings) {
  const { colours, format, animate } = settings;
  const rows = data.kind === "rows";
  const named = data.kind === "bar" && data.categories.length <= NAMES_MAX;
  const categoryAxis = {
    type: "category" as const,
    data: data.categories.map(settings.label),
    inverse: rows,
    boundaryGap: rows || data.kind === "bar" || data.series.some((one) => one.kind === "bar"),
    axisLine: { lineStyle: { color: colours.grid } },
    axisTick: { show: false },
    axisLabel: {
      color: colours.muted,
      // Bars of names: each has its own, in two lines where one has no room.
      interval: named ? 0 : undefined,
      hideOverlap: !named,
      lineHeight: 14,
      width: rows ? 150 : named ? settings.width / (data.categories.length + 1) : undefined,
      overflow: named ? ("break" as const) : ("truncate" as const),
    },
  };
  const valueAxis = {
    type: "value" as const,
    splitNumber: 4,
    splitLine: { lineStyle: { color: colours.grid } },
    axisLabel: { color: colours.muted, formatter: (value: number) => format(value), hideOverlap: true },
  };
  return {
    animation: animate,
    animationDuration: 150,
    animationDurationUpdate: 150,
    textStyle: { fontFamily: "Inter Variable, system-ui, sans-serif", fontSize: 12 },
    grid: { left: 4, right: rows ? 64 : 16, top: data.marks?.length ? 24 : 12, bottom: 4, containLabel: true },
    aria: { enabled: true, decal: { show: false } },
    xAxis: rows ? valueAxis : categoryAxis,
    yAxis: rows ? categoryAxis : valueAxis,
    tooltip: {
      trigger: "axis" as const,
      confine: true,
      transitionDuration: 0,
      axisPointer: { type: rows || data.kind === "bar" ? ("shadow" as const) : ("line" as const) },
      className: "chart-tooltip",
      backgroundColor: "transparent",
      borderWidth: 0,
      padding: 0,
      extraCssText: "box-shadow:none",
    },
    brush: settings.zoomable
      ? {
          xAxisIndex: 0,
          brushType: "lineX" as const,
          brushStyle: { color: colours.grid, borderColor: colours.muted },
          outOfBrush: { colorAlpha: 1 },
        }
      : undefined,
    toolbox: { show: false },
    series: data.series.flatMap((series, place) => seriesOptions(data, series, place, settings)),
  };
}

type SeriesOption = ReturnType<typeof barOption> | ReturnType<typeof lineOption>;

function seriesOptions(data: ChartData, series: ChartSeries, place: number, settings: ChartSettings): SeriesOption[] {
  const kind = series.kind ?? data.kind;
  if (kind === "bar" || kind === "rows") return [barOption(data, series, place, settings)];
  const line = lineOption(data, series, place, settings);
  const from = data.incompleteFrom;
  if (from === undefined || data.stacked || isDashed(series)) return [line];
  // A line has one style, so what is not over yet is a second line that begins where the first one ends.
  const over = line.data.map((value, at) => (at < from ? value : null));
  const open = line.data.map((value, at) => (at >= from - 1 ? value : null));
  return [
    { ...line, data: over },
    { ...line, data: open, lineStyle: { ...line.lineStyle, type: "dashed" }, markLine: undefined },
  ];
}

function isDashed({ look }: ChartSeries): boolean {
  return look === "plan" || look === "forecast";
}

function shared(data: ChartData, series: ChartSeries, place: number, { colours }: ChartSettings) {
  const color = colours.resolve(seriesColour(series, place));
  return {
    name: series.name,
    itemStyle: { color, opacity: series.look === "comparison" ? 0.55 : 1 },
    emphasis: { disabled: true },
    markLine: place === 0 ? marks(data, colours) : undefined,
  };
}

function barOption(data: ChartData, series: ChartSeries, place: number, settings: ChartSettings) {
  const { colours, format } = settings;
  const decal = {
    symbol: "rect",
    dashArrayX: [1, 0],
    dashArrayY: [3, 3],
    rotation: -Math.PI / 4,
    color: colours.surface,
  };
  return {
    ...shared(data, series, place, settings),
    type: "bar" as const,
    data: series.values.map((value, at) =>
      isIncomplete(data, at) && value !== null ? { value, itemStyle: { decal } } : value,
    ),
    stack: data.stacked ? "all" : undefined,
    barMaxWidth: data.kind === "rows" ? 16 : 28,
    barGap: "10%",
    label: {
      show: data.kind === "rows" && data.series.length === 1,
      position: "right" as const,
      color: colours.text,
      formatter: ({ value }: { value: unknown }) => (typeof value === "number" ? format(value) : ""),
    },
  };
}

function lineOption(data: ChartData, series: ChartSeries, place: number, settings: ChartSettings) {
  const common = shared(data, series, place, settings);
  const opacity = data.stacked ? 0.5 : 0.16;
  return {
    ...common,
    type: "line" as const,
    data: [...series.values],
    step: (series.kind ?? data.kind) === "step" ? ("end" as const) : undefined,
    showSymbol: data.categories.length === 1,
    symbolSize: 5,
    connectNulls: false,
    lineStyle: {
      color: common.itemStyle.color,
      width: series.look === "comparison" ? 1.5 : 2,
      type: (isDashed(series) ? "dashed" : "solid") as "dashed" | "solid",
    },
    stack: data.stacked ? "all" : undefined,
    areaStyle: data.stacked || series.filled ? { opacity } : undefined,
    endLabel: { show: false },
  };
}

function marks(data: ChartData, colours: ChartColours) {
  if (!data.marks?.length) return undefined;
  return {
    symbol: "none",
    silent: true,
    lineStyle: { color: colours.muted, type: "dotted" as const, width: 1 },
    label: { color: colours.muted, formatter: "{b}", position: "end" as const, rotate: 0 },
    data: data.marks.map((mark) => ({ name: mark.label, xAxis: data.categories.indexOf(mark.category) })),
  };
}
