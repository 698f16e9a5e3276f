import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { useMay, useSession } from "#/app/session.ts";
import { recentQuery } from "#/features/analytics/events/queries.ts";
import { JourneyFilters } from "#/features/analytics/metrics/journey-filters.tsx";
import { DEAL_GOALS, type Registry } from "#/features/analytics/metrics/queries.ts";
import type { DateRange } from "#/lib/dates.ts";
import { Button } from "#/ui/button.tsx";
import { DateRangePicker } from "#/ui/date-range.tsx";
import { FilterChip } from "#/ui/filter-chip.tsx";
import { MultiSelect } from "#/ui/multi-select.tsx";
import { SearchInput } from "#/ui/search-input.tsx";
import { Select } from "#/ui/select.tsx";
import { type AttributionSearch, DEFAULT_GOAL, DIMENSIONS, eventGoal, eventOfGoal } from "./queries.ts";
import { WeightsDialog } from "./weights-dialog.tsx";

interface FiltersProps {
  search: AttributionSearch;
  range: DateRange;
  registry: Registry | undefined;
  onChange: (part: Partial<AttributionSearch>) => void;
}

/** What is credited, to what, by which models, and what the question is narrowed to. */
export function AttributionFilters({ search, range, registry, onChange }: FiltersProps) {
  const { workspace } = useSession();
  const [weighing, setWeighing] = useState(false);
  const goal = search.goal ?? DEFAULT_GOAL;
  const event = eventOfGoal(goal);
  const lookback = String(search.lookback ?? registry?.default_lookback_days ?? 180);
  const { channel, weights } = search;
  return (
    <>
      <DateRangePicker value={range} timeZone={workspace.time_zone} onChange={onChange} />
      <Select
        form="filter"
        label="Credit for"
        options={[...DEAL_GOALS, { value: "event", label: "an event" }]}
        value={event === undefined ? goal : "event"}
        onChange={(next) => onChange({ goal: next === "event" ? eventGoal("") : next })}
      />
      {event === undefined ? null : <EventName name={event} onChange={(name) => onChange({ goal: eventGoal(name) })} />}
      <Select
        form="filter"
        label="By"
        options={DIMENSIONS}
        value={search.dimension ?? "channel"}
        onChange={(dimension) => onChange({ dimension })}
      />
      <MultiSelect
        label="Models"
        none="all with a fixed meaning"
        options={registry?.models.map(({ id, name }) => ({ value: id, label: name })) ?? []}
        value={search.models ?? []}
        onChange={(next) => onChange({ models: next.length > 0 ? next : undefined })}
      />
      {weights ? (
        <FilterChip
          name="Custom weights"
          value={weights}
          onEdit={() => setWeighing(true)}
          onRemove={() => onChange({ weights: undefined })}
        />
      ) : (
        <Button onClick={() => setWeighing(true)}>Add custom weights</Button>
      )}
      <JourneyFilters lookback={lookback} journey={search.journey} onChange={onChange} />
      {channel ? <FilterChip name="Channel" value={channel} onRemove={() => onChange({ channel: undefined })} /> : null}
      {weighing ? (
        <WeightsDialog
          weights={weights ?? ""}
          range={range}
          onClose={() => setWeighing(false)}
          onTake={(next) => {
            setWeighing(false);
            onChange({ weights: next });
          }}
        />
      ) : null}
    </>
  );
}

/** The name of an event, with those that came in of late to choose from. */
function EventName({ name, onChange }: { name: string; onChange: (name: string) => void }) {
  const recent = useQuery({ ...recentQuery({ status: "accepted" }, 500), enabled: useMay("events.read") });
  const names = useMemo(
    () => [...new Set(recent.data?.items.map((fate) => fate.name).filter(Boolean))].sort(),
    [recent.data],
  );
  return (
    <SearchInput
      label="Name of the event"
      placeholder="Signed up"
      value={name}
      onChange={onChange}
      suggestions={names}
    />
  );
}
