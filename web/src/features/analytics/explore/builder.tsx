import { useQuery } from "@tanstack/react-query";
import { ArrowDown, ArrowUp, Plus, X } from "lucide-react";
import { number } from "#/lib/format.ts";
import { Button } from "#/ui/button.tsx";
import { Checkbox } from "#/ui/checkbox.tsx";
import { Combobox } from "#/ui/combobox.tsx";
import { IconButton } from "#/ui/icon-button.tsx";
import { MultiSelect } from "#/ui/multi-select.tsx";
import { Select } from "#/ui/select.tsx";
import { BracketsEditor } from "./brackets-editor.tsx";
import { EventEditor } from "./event-editor.tsx";
import styles from "./explore.module.css";
import {
  type AskOf,
  type Breakdown,
  type EventChoice,
  type ExploreColumn,
  LIMITS,
  MEASURES,
  type Measure,
  ofProperty,
  ofSessions,
  type Question,
  WINDOWS,
  windowLabel,
} from "./model.ts";
import { type Choices, propertiesQuery } from "./queries.ts";
import { SegmentEditor } from "./segment-editor.tsx";

interface BuilderProps {
  question: Question;
  choices: Choices;
  onChange: (next: Question) => void;
}

interface PartProps<Part> {
  ask: Part;
  choices: Choices;
  onChange: (next: Part) => void;
}

/** The question, part by part; every change asks it again. */
export function Builder({ question, choices, onChange }: BuilderProps) {
  const { ask } = question;
  const put = (next: Question["ask"]) => onChange({ ...question, ask: next });
  return (
    <section className={styles.builder} aria-label="The question">
      {ask.kind === "trends" ? <TrendsBuilder ask={ask} choices={choices} onChange={put} /> : null}
      {ask.kind === "funnel" ? <FunnelBuilder ask={ask} choices={choices} onChange={put} /> : null}
      {ask.kind === "retention" ? <RetentionBuilder ask={ask} choices={choices} onChange={put} /> : null}
      {ask.kind === "paths" ? <PathsBuilder ask={ask} choices={choices} onChange={put} /> : null}
      <SegmentEditor
        segment={question.segment ?? undefined}
        choices={choices}
        onChange={(segment) => onChange({ ...question, segment })}
      />
      <Checkbox
        label="People only, no bots and AI agents"
        checked={question.humans_only ?? true}
        onChange={(humans_only) => onChange({ ...question, humans_only })}
      />
    </section>
  );
}

function TrendsBuilder({ ask, choices, onChange }: PartProps<AskOf<"trends">>) {
  return (
    <>
      <EventList
        title="Events"
        name="Event"
        add="Add event"
        events={ask.series}
        least={1}
        most={ask.breakdown ? 1 : LIMITS.series}
        choices={choices}
        onChange={(series) => onChange({ ...ask, series })}
      />
      <div className={styles.group}>
        <h2>Counted as</h2>
        <Select
          form="filter"
          label="Measure"
          options={MEASURES}
          value={ask.measure ?? "people"}
          onChange={(measure) => onChange(measuredAs(ask, measure, choices))}
        />
        {ofProperty(ask.measure) ? (
          <PropertyChoice
            event={ask.series.length === 1 ? (ask.series[0]?.name ?? undefined) : undefined}
            value={ask.property ?? undefined}
            onChange={(property) => onChange({ ...ask, property })}
          />
        ) : null}
        <Select
          form="filter"
          label="A point is"
          options={[
            { value: "hour", label: "an hour" },
            { value: "day", label: "a day" },
            { value: "week", label: "a week" },
            { value: "month", label: "a month" },
          ]}
          value={ask.granularity ?? "day"}
          onChange={(granularity) => onChange({ ...ask, granularity })}
        />
      </div>
      {ask.series.length === 1 ? (
        <BreakdownEditor
          breakdown={ask.breakdown ?? undefined}
          columns={ofSessions(ask.measure) ? choices.session_columns : undefined}
          choices={choices}
          onChange={(breakdown) => onChange({ ...ask, breakdown })}
        />
      ) : null}
    </>
  );
}

/** The question with another measure, without what that one cannot have. */
function measuredAs(ask: AskOf<"trends">, measure: Measure, choices: Choices): AskOf<"trends"> {
  const { property, breakdown, ...rest } = ask;
  const fits = !ofSessions(measure) || (breakdown && choices.session_columns.includes(breakdown.column));
  return {
    ...rest,
    measure,
    ...(ofProperty(measure) ? { property: property ?? "" } : {}),
    ...(breakdown && fits ? { breakdown } : {}),
  };
}

interface PropertyChoiceProps {
  event: string | undefined;
  value: string | undefined;
  onChange: (next: string) => void;
}

/** The property that a measure is of: those that are numbers come first. */
function PropertyChoice({ event, value, onChange }: PropertyChoiceProps) {
  const known = useQuery(propertiesQuery(event));
  const numbers = (known.data ?? []).filter((one) => one.type === "number");
  const options = numbers.map((one) => ({ value: one.property, label: one.property, detail: number(one.events) }));
  const missing = value && !options.some((one) => one.value === value) ? [{ value, label: value }] : [];
  return (
    <>
      <Combobox
        form="bare"
        label="Of the property"
        placeholder="Choose a property"
        options={[...missing, ...options]}
        value={value ? value : null}
        onChange={(next) => onChange(next ?? "")}
      />
      {known.isSuccess && options.length === 0 ? (
        <p className={styles.muted}>Events of the last 14 days have no property that is a number.</p>
      ) : null}
    </>
  );
}

function FunnelBuilder({ ask, choices, onChange }: PartProps<AskOf<"funnel">>) {
  const minutes = String(ask.window_minutes ?? 20_160);
  const offered = WINDOWS.some((one) => one.value === minutes);
  return (
    <>
      <EventList
        title="Steps"
        name="Step"
        add="Add step"
        ordered
        events={ask.steps}
        least={2}
        most={LIMITS.steps}
        choices={choices}
        onChange={(steps) => onChange({ ...ask, steps, exclusions: fitting(ask.exclusions, steps.length) })}
      />
      <EventList
        title="Without"
        name="Exclusion"
        add="Add exclusion"
        hint="Whoever does this on the way has to begin again."
        events={(ask.exclusions ?? []).map((one) => one.event)}
        least={0}
        most={LIMITS.exclusions}
        choices={choices}
        onChange={(events) =>
          onChange({ ...ask, exclusions: events.map((event, place) => ({ ...ask.exclusions?.[place], event })) })
        }
      />
      <div className={styles.group}>
        <h2>Counted as</h2>
        <Select
          form="filter"
          label="Order"
          options={[
            { value: "loose", label: "other events may lie between" },
            { value: "strict", label: "directly one after the other" },
          ]}
          value={ask.order ?? "loose"}
          onChange={(order) => onChange({ ...ask, order })}
        />
        <Select
          form="filter"
          label="Within"
          options={offered ? WINDOWS : [...WINDOWS, { value: minutes, label: windowLabel(Number(minutes)) }]}
          value={minutes}
          onChange={(next) => onChange({ ...ask, window_minutes: Number(next) })}
        />
      </div>
      <BreakdownEditor
        breakdown={ask.breakdown ?? undefined}
        choices={choices}
        onChange={(breakdown) => onChange({ ...ask, breakdown })}
      />
    </>
  );
}

/** Exclusions after a step that is gone count everywhere. */
function fitting(exclusions: AskOf<"funnel">["exclusions"], steps: number) {
  return exclusions?.map(({ event, after }) =>
    typeof after === "number" && after + 1 < steps ? { event, after } : { event },
  );
}

function RetentionBuilder({ ask, choices, onChange }: PartProps<AskOf<"retention">>) {
  return (
    <>
      <div className={styles.group}>
        <h2>First did</h2>
        <EventEditor
          label="First event"
          event={ask.first ?? {}}
          choices={choices}
          onChange={(first) => onChange({ ...ask, first })}
        />
      </div>
      <div className={styles.group}>
        <h2>Came back to do</h2>
        <EventEditor
          label="Return event"
          event={ask.back ?? {}}
          choices={choices}
          onChange={(back) => onChange({ ...ask, back })}
        />
      </div>
      <div className={styles.group}>
        <h2>Counted as</h2>
        <Select
          form="filter"
          label="By"
          options={[
            { value: "day", label: "day" },
            { value: "week", label: "week" },
            { value: "month", label: "month" },
          ]}
          value={ask.period ?? "week"}
          onChange={(period) => onChange({ ...ask, period })}
        />
        <Select
          form="filter"
          label="Came back"
          options={[
            { value: "exact", label: "in exactly that period" },
            { value: "unbounded", label: "in that period or later" },
          ]}
          value={ask.rule ?? "exact"}
          onChange={(rule) => onChange({ ...ask, rule })}
        />
      </div>
      <BracketsEditor
        length={ask.period ?? "week"}
        brackets={ask.brackets ?? []}
        onChange={(brackets) => onChange({ ...ask, brackets })}
      />
      <BreakdownEditor
        breakdown={ask.breakdown ?? undefined}
        choices={choices}
        onChange={(breakdown) => onChange({ ...ask, breakdown })}
      />
    </>
  );
}

const COUNTS = ["1", "2", "3", "4", "5", "6"].map((value) => ({ value, label: value }));
const TOPS = ["3", "5", "8", "10", "20"].map((value) => ({ value, label: value }));

function PathsBuilder({ ask, choices, onChange }: PartProps<AskOf<"paths">>) {
  const minutes = ask.window_minutes ? String(ask.window_minutes) : "0";
  const windows = [{ value: "0", label: "any time" }, ...WINDOWS];
  const names = choices.names.map(({ value }) => ({ value, label: value }));
  const missing = (ask.without ?? []).filter((name) => !names.some((one) => one.value === name));
  return (
    <>
      <div className={styles.group}>
        <h2>Paths</h2>
        <Select
          form="filter"
          label="Show what people do"
          options={[
            { value: "after", label: "after their first" },
            { value: "before", label: "before their last" },
          ]}
          value={ask.direction ?? "after"}
          onChange={(direction) => onChange({ ...ask, direction })}
        />
        <EventEditor
          label="Event"
          event={ask.anchor}
          choices={choices}
          onChange={(anchor) => onChange({ ...ask, anchor })}
        />
      </div>
      <div className={styles.group}>
        <h2>Counted as</h2>
        <Select
          form="filter"
          label="A stop is"
          options={[
            { value: "name", label: "an event" },
            { value: "path", label: "a page" },
            { value: "channel", label: "a channel" },
          ]}
          value={ask.node ?? "name"}
          onChange={(node) => onChange({ ...ask, node })}
        />
        <Select
          form="filter"
          label="Steps"
          options={COUNTS}
          value={String(ask.steps ?? 4)}
          onChange={(steps) => onChange({ ...ask, steps: Number(steps) })}
        />
        <Select
          form="filter"
          label="Largest stops a step"
          options={TOPS}
          value={String(ask.top ?? 5)}
          onChange={(top) => onChange({ ...ask, top: Number(top) })}
        />
        <Select
          form="filter"
          label="Within"
          options={
            windows.some((one) => one.value === minutes)
              ? windows
              : [...windows, { value: minutes, label: windowLabel(Number(minutes)) }]
          }
          value={minutes}
          onChange={(next) => onChange({ ...ask, window_minutes: next === "0" ? undefined : Number(next) })}
        />
        <MultiSelect
          label="Without"
          none="nothing"
          options={[...names, ...missing.map((value) => ({ value, label: value }))]}
          value={ask.without ?? []}
          onChange={(without) => onChange({ ...ask, without })}
        />
        <Checkbox
          label="The same stop again counts once"
          checked={ask.collapse ?? true}
          onChange={(collapse) => onChange({ ...ask, collapse })}
        />
      </div>
    </>
  );
}

interface EventListProps {
  title: string;
  /** What one is called: "Step". */
  name: string;
  add: string;
  hint?: string;
  /** Whether the order means something, so that it can be changed. */
  ordered?: boolean;
  events: EventChoice[];
  least: number;
  most: number;
  choices: Choices;
  onChange: (next: EventChoice[]) => void;
}

function EventList({ title, name, add, hint, ordered, events, least, most, choices, onChange }: EventListProps) {
  const next = choices.names[Math.min(events.length, choices.names.length - 1)]?.value;
  const swap = (place: number, other: number) => {
    const moved = [...events];
    [moved[place], moved[other]] = [moved[other] ?? {}, moved[place] ?? {}];
    onChange(moved);
  };
  return (
    <div className={styles.group}>
      <h2>{title}</h2>
      {hint && events.length > 0 ? <p className={styles.muted}>{hint}</p> : null}
      {events.map((event, place) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: an event has no name of its own; its place is what it is
        <div key={place} className={styles.event}>
          <EventEditor
            label={`${name} ${place + 1}`}
            mark={ordered ? String(place + 1) : undefined}
            event={event}
            choices={choices}
            onChange={(changed) => onChange(events.map((one, at) => (at === place ? changed : one)))}
            tools={
              <>
                {ordered && place > 0 ? (
                  <IconButton
                    size="small"
                    label={`Move ${name.toLowerCase()} ${place + 1} up`}
                    icon={<ArrowUp size={14} aria-hidden="true" />}
                    onClick={() => swap(place, place - 1)}
                  />
                ) : null}
                {ordered && place === 0 && events.length > 1 ? (
                  <IconButton
                    size="small"
                    label={`Move ${name.toLowerCase()} 1 down`}
                    icon={<ArrowDown size={14} aria-hidden="true" />}
                    onClick={() => swap(0, 1)}
                  />
                ) : null}
                {events.length > least ? (
                  <IconButton
                    size="small"
                    label={`Remove ${name.toLowerCase()} ${place + 1}`}
                    icon={<X size={14} aria-hidden="true" />}
                    onClick={() => onChange(events.filter((_, at) => at !== place))}
                  />
                ) : null}
              </>
            }
          />
        </div>
      ))}
      {events.length < most ? (
        <Button
          size="small"
          look="quiet"
          icon={<Plus size={14} aria-hidden="true" />}
          onClick={() => onChange([...events, next === undefined ? {} : { name: next }])}
        >
          {add}
        </Button>
      ) : null}
    </div>
  );
}

interface BreakdownEditorProps {
  breakdown: Breakdown | undefined;
  /** The columns there are; all when undefined. */
  columns?: readonly ExploreColumn[] | undefined;
  choices: Choices;
  onChange: (next: Breakdown | undefined) => void;
}

function BreakdownEditor({ breakdown, columns: only, choices, onChange }: BreakdownEditorProps) {
  const offered = choices.columns.filter((one) => only === undefined || only.includes(one.id));
  const columns = offered.map(({ id, name }) => ({ value: id as ExploreColumn | "none", label: name }));
  return (
    <div className={styles.group}>
      <h2>Broken down</h2>
      <Select
        form="filter"
        label="By"
        options={[{ value: "none" as const, label: "nothing" }, ...columns]}
        value={breakdown?.column ?? "none"}
        onChange={(column) => onChange(column === "none" ? undefined : { column, top: breakdown?.top ?? 5 })}
      />
      {breakdown ? (
        <Select
          form="filter"
          label="Show the largest"
          options={TOPS}
          value={String(breakdown.top ?? 5)}
          onChange={(top) => onChange({ ...breakdown, top: Number(top) })}
        />
      ) : null}
    </div>
  );
}
