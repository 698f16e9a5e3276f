import { Select } from "#/ui/select.tsx";
import { JOURNEYS, type Journey } from "./queries.ts";

const LOOKBACKS = ["30", "60", "90", "180", "365"];

interface JourneyFiltersProps {
  /** In days. */
  lookback: string;
  journey: Journey | undefined;
  onChange: (part: { lookback?: number; journey?: Journey }) => void;
}

/** How far back touches count, and whose. */
export function JourneyFilters({ lookback, journey, onChange }: JourneyFiltersProps) {
  const days = LOOKBACKS.includes(lookback) ? LOOKBACKS : [lookback, ...LOOKBACKS];
  return (
    <>
      <Select
        form="filter"
        label="Lookback"
        options={days.map((one) => ({ value: one, label: `${one} days` }))}
        value={lookback}
        onChange={(next) => onChange({ lookback: Number(next) })}
      />
      <Select
        form="filter"
        label="Touches of"
        options={JOURNEYS}
        value={journey ?? "company"}
        onChange={(next) => onChange({ journey: next })}
      />
    </>
  );
}
