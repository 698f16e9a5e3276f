import type { Schemas } from "#/api/client.ts";
import type { FigureValue } from "#/features/analytics/metrics/queries.ts";
import { number } from "#/lib/format.ts";

export type Exploration = Schemas["Exploration"];
export type Ask = Schemas["Ask"];
export type Kind = Ask["kind"];
export type AskOf<K extends Kind> = Extract<Ask, { kind: K }>;
export type EventChoice = Schemas["EventChoice"];
export type Condition = Schemas["EventCondition"];
export type PropertyCondition = Schemas["PropertyCondition"];
export type PropertyType = Schemas["PropertyType"];
export type PropertyOp = Schemas["PropertyOp"];
export type Bracket = Schemas["Bracket"];
export type Segment = Schemas["ExploreSegment"];
export type SegmentCondition = Schemas["SegmentCondition"];
export type ExploreColumn = Schemas["ExploreColumn"];
export type Breakdown = Schemas["ExploreBreakdown"];
export type Group = Schemas["ExploreGroup"];
export type Stop = Schemas["PathStop"];
export type Cell = Schemas["ExploreCell"];
export type Found = Schemas["Found"];
export type FoundOf<K extends Kind> = Extract<Found, { kind: K }>;
export type ExploreAnswer = Schemas["ExploreAnswer"];
export type Measure = Schemas["TrendMeasure"];

/** A question without its dates, which stand in the address by themselves. */
export type Question = Omit<Exploration, "range">;

export const KINDS: readonly { value: Kind; label: string }[] = [
  { value: "trends", label: "Trends" },
  { value: "funnel", label: "Funnel" },
  { value: "retention", label: "Retention" },
  { value: "paths", label: "Paths" },
];

export const MEASURES: readonly { value: Measure; label: string }[] = [
  { value: "people", label: "People" },
  { value: "events", label: "Events" },
  { value: "events_per_person", label: "Events per person" },
  { value: "value", label: "Value" },
  { value: "value_per_event", label: "Value per event" },
  { value: "property_sum", label: "Sum of a property" },
  { value: "property_mean", label: "Mean of a property" },
  { value: "sessions", label: "Sessions" },
  { value: "sessions_per_person", label: "Sessions per person" },
  { value: "engaged_share", label: "Share of engaged sessions" },
  { value: "session_seconds", label: "Length of a session" },
];

/** Whether a measure counts sessions. */
export function ofSessions(measure: Measure | undefined): boolean {
  return ["sessions", "sessions_per_person", "engaged_share", "session_seconds"].includes(measure ?? "");
}

/** Whether a measure is of a property. */
export function ofProperty(measure: Measure | undefined): boolean {
  return measure === "property_sum" || measure === "property_mean";
}

/** Steps that no question needs to be told of: they say who somebody is. */
const SILENT = ["Identified", "Grouped", "Aliased"];

/** Limits of the server that the builder keeps to. */
export const LIMITS = {
  series: 5,
  steps: 16,
  exclusions: 8,
  conditions: 10,
  segment: 8,
  stops: 6,
  brackets: 12,
} as const;

/** The first question of a kind, about events that exist. */
export function startOf(kind: Kind, names: readonly string[]): Ask {
  const name = (place: number) => names[Math.min(place, names.length - 1)];
  const event = (place: number): EventChoice => (name(place) === undefined ? {} : { name: name(place) });
  if (kind === "trends") return { kind, series: [event(0)], measure: "people", granularity: "day" };
  if (kind === "funnel") return { kind, steps: [event(0), event(1)], order: "loose", window_minutes: 14 * 24 * 60 };
  if (kind === "retention") return { kind, first: event(0), back: {}, period: "week", rule: "exact" };
  return {
    kind: "paths",
    anchor: event(0),
    direction: "after",
    steps: 4,
    node: "name",
    top: 5,
    collapse: true,
    without: SILENT,
  };
}

/** Reads a question from an address; undefined when it is none. The server refuses what it does not know. */
export function parseQuestion(text: string | undefined): Question | undefined {
  const value = parse(text);
  const kind = (value?.ask as { kind?: unknown } | undefined)?.kind;
  return KINDS.some((one) => one.value === kind) ? (value as unknown as Question) : undefined;
}

/** Reads a cell from an address. */
export function parseCell(text: string | undefined, kind: Kind | undefined): Cell | undefined {
  const value = parse(text);
  return value && value.kind === kind ? (value as unknown as Cell) : undefined;
}

function parse(text: string | undefined): Record<string, unknown> | undefined {
  if (!text) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/** A text of a column in words. */
export function textLabel(value: string): string {
  return value === "" ? "(not set)" : value;
}

/** A part of a breakdown in words. */
export function groupLabel(group: Group | null | undefined): string {
  if (group === null || group === undefined) return "Everybody";
  return group === "other" ? "Other" : textLabel(group.value);
}

/** A stop of a path in words. */
export function stopLabel(stop: Stop): string {
  if (stop === "other") return "Other";
  if (stop === "end") return "Nothing more";
  return stop.value === "" ? "Any event" : stop.value;
}

/** A choice of events in words: "Signed up, Channel is Email". */
export function eventLabel(
  event: EventChoice | undefined,
  columns: readonly { id: string; name: string }[] = [],
): string {
  const conditions = (event?.conditions ?? []).map((one) => conditionLabel(one, columns));
  const properties = (event?.properties ?? []).map(propertyLabel);
  return [event?.name ?? "Any event", ...conditions, ...properties].join(", ");
}

const OP_WORDS: Record<Condition["op"], string> = {
  in: "is",
  not_in: "is not",
  contains: "contains",
  not_contains: "does not contain",
};

export const OPS = (Object.keys(OP_WORDS) as Condition["op"][]).map((value) => ({ value, label: OP_WORDS[value] }));

const PROPERTY_OP_WORDS: Record<PropertyOp, string> = {
  in: "is",
  not_in: "is not",
  contains: "contains",
  not_contains: "does not contain",
  less: "is less than",
  at_most: "is at most",
  more: "is more than",
  at_least: "is at least",
};

const OPS_OF: Record<PropertyType, PropertyOp[]> = {
  text: ["in", "not_in", "contains", "not_contains"],
  number: ["in", "not_in", "less", "at_most", "more", "at_least"],
  bool: ["in"],
};

/** The ways to compare a property of this type. */
export function propertyOps(type: PropertyType) {
  return OPS_OF[type].map((value) => ({ value, label: PROPERTY_OP_WORDS[value] }));
}

/** A condition on a property in words: "plan is pro or free". */
export function propertyLabel({ property, op, values }: PropertyCondition): string {
  return `${property} ${PROPERTY_OP_WORDS[op]} ${values.map(textLabel).join(" or ")}`;
}

/** Periods after the first in words: "Day 1–7". */
export function bracketLabel(one: string, { from, to }: Pick<Bracket, "from" | "to">): string {
  return from === to ? `${one} ${from}` : `${one} ${from}–${to}`;
}

/** A condition in words. */
export function conditionLabel(condition: Condition, columns: readonly { id: string; name: string }[]): string {
  const column = columns.find((one) => one.id === condition.column)?.name ?? condition.column;
  return `${column} ${OP_WORDS[condition.op]} ${condition.values.map(textLabel).join(" or ")}`;
}

/** Whether two parts are the same. */
export function sameGroup(one: Group | null | undefined, other: Group | null | undefined): boolean {
  return JSON.stringify(one ?? null) === JSON.stringify(other ?? null);
}

/** A number of a trend as a number, for a chart. */
export function numeric(value: FigureValue | null | undefined): number | null {
  if (value === null || value === undefined) return null;
  return typeof value === "number" ? value : Number(value.amount);
}

/** How many parts are hidden in "Other". */
export function hiddenGroups(groups: number, shown: number): string | undefined {
  return groups > shown ? `${number(groups - shown)} more in Other` : undefined;
}

/** Windows that are offered, in minutes. */
export const WINDOWS = [
  { value: "60", label: "1 hour" },
  { value: "1440", label: "1 day" },
  { value: "10080", label: "7 days" },
  { value: "20160", label: "14 days" },
  { value: "43200", label: "30 days" },
  { value: "129600", label: "90 days" },
  { value: "525600", label: "365 days" },
] as const;

/** A number of minutes in words, for one that is not offered. */
export function windowLabel(minutes: number): string {
  return WINDOWS.find((one) => one.value === String(minutes))?.label ?? `${number(minutes)} minutes`;
}
