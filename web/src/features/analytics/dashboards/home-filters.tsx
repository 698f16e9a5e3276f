import { useQuery } from "@tanstack/react-query";
import { useSession } from "#/app/session.ts";
import { JourneyFilters } from "#/features/analytics/metrics/journey-filters.tsx";
import { registryQuery } from "#/features/analytics/metrics/queries.ts";
import type { DateRange } from "#/lib/dates.ts";
import { DateRangePicker } from "#/ui/date-range.tsx";
import { Select } from "#/ui/select.tsx";
import { COMPARES, type HomeSearch } from "./queries.ts";

interface HomeFiltersProps {
  search: HomeSearch;
  range: DateRange;
  onChange: (part: Partial<HomeSearch>) => void;
}

/** The period, the comparison and how credit is given. */
export function HomeFilters({ search, range, onChange }: HomeFiltersProps) {
  const { workspace } = useSession();
  const registry = useQuery(registryQuery);
  const model = search.model ?? registry.data?.default_model ?? null;
  const named = registry.data?.models.filter((one) => one.conserves) ?? [];
  // Weights of one's own have no name in the registry, and may be long: the line below the filters says them.
  const own = search.model?.startsWith("custom:") ? [{ id: search.model, name: "Custom weights" }] : [];
  const models = [...own, ...named];
  const lookback = String(search.lookback ?? registry.data?.default_lookback_days ?? 180);
  return (
    <>
      <DateRangePicker value={range} timeZone={workspace.time_zone} onChange={onChange} />
      <Select
        form="filter"
        label="Compared with"
        options={[
          { value: "previous", label: "the period before" },
          { value: "year", label: "a year before" },
          { value: "none", label: "nothing" },
        ]}
        value={search.compare ?? "previous"}
        onChange={(next) => onChange({ compare: COMPARES.find((one) => one === next) })}
      />
      <Select
        form="filter"
        label="Model"
        options={models.map(({ id, name }) => ({ value: id, label: name }))}
        placeholder="Loading"
        value={model}
        onChange={(next) => onChange({ model: next })}
      />
      <JourneyFilters lookback={lookback} journey={search.journey} onChange={onChange} />
    </>
  );
}
