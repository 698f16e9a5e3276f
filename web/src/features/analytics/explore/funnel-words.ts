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
  if (typeof to !== "number") return `over ${duration(between.from_seconds)}`;
  return between.from_seconds === 0 ? `under ${duration(to)}` : `${duration(between.from_seconds)} to ${duration(to)}`;
}
