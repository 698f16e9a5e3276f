import { counted, duration } from "#/lib/format.ts";
import type { FoundOf } from "./model.ts";

type Step = FoundOf<"funnel">["parts"][number]["steps"][number];

/** Says where most people are lost. */
export function biggestLoss(steps: readonly Pick<Step, "dropped">[], names: readonly string[]): string {
  const lost = steps.map((step, place) => ({ place, dropped: step.dropped ?? 0 }));
  const worst = lost.reduce((most, one) => (one.dropped > most.dropped ? one : most), { place: 0, dropped: 0 });
  if (worst.dropped === 0) return "Nobody was lost on the way.";
  const { place } = worst;
  return `Most are lost between “${names[place]}” and “${names[place + 1]}”: ${counted(worst.dropped, "person", "people")}.`;
}

/** How long it took, as well as it is known: the median is a bin of a histogram. */
export function medianText(between: Step["took_median"]): string | undefined {
  if (!between) return undefined;
  const to = between.to_seconds;
  if (typeof to !== "number") return `over ${limitText(between.from_seconds)}`;
  return between.from_seconds === 0
    ? `under ${limitText(to)}`
    : `${limitText(between.from_seconds)} to ${limitText(to)}`;
}

const UNITS = [
  [86_400, "day"],
  [3_600, "hour"],
  [60, "minute"],
] as const;

/** A limit of the histogram: a whole number of its largest unit. */
function limitText(seconds: number): string {
  const unit = UNITS.find(([size]) => seconds >= size && seconds % size === 0);
  return unit ? counted(seconds / unit[0], unit[1]) : duration(seconds);
}
