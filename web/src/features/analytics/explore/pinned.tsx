import { useQueries, useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { watermarkText } from "#/features/analytics/metrics/figures.ts";
import { counted, number, numberShort, percent } from "#/lib/format.ts";
import { type Figure, Tile } from "#/ui/tile.tsx";
import styles from "./explore.module.css";
import { measureShort, measureText } from "./measure-text.ts";
import { type ExploreAnswer, eventLabel, numeric } from "./model.ts";
import { exploreQuery, type Saved, savedQuery } from "./queries.ts";
import { searchOf } from "./saved-search.ts";

/** The explorations that somebody put on Home: one figure each, which leads to the whole of it. */
export function PinnedTiles() {
  const saved = useQuery(savedQuery({ pinned: true }));
  const list = saved.data ?? [];
  const answers = useQueries({ queries: list.map((one) => exploreQuery(one.exploration)) });
  const navigate = useNavigate();
  if (list.length === 0) return null;
  return (
    <section className={styles.pinned} aria-label="Explorations on Home">
      {list.map((one, place) => {
        const answer = answers[place];
        const told = answer?.data ? figureOf(one, answer.data) : undefined;
        const failed: Figure = { state: "unknown", text: "Could not be answered" };
        return (
          <Tile
            key={one.id}
            label={one.name}
            figure={told?.figure ?? (answer?.error ? failed : { state: "loading" })}
            beside={told?.text}
            {...(told?.values ? { trend: { values: told.values } } : {})}
            {...(answer?.data ? { watermark: watermarkText(answer.data.watermark) } : {})}
            leads
            onOpen={() => void navigate({ to: "/explore", search: searchOf(one) })}
          />
        );
      })}
    </section>
  );
}

interface Shown {
  figure: Figure;
  /** What the figure is. */
  text: string;
  values?: number[];
}

/** The one figure of an answer that stands for it. */
export function figureOf({ exploration: { ask } }: Saved, { found }: ExploreAnswer): Shown {
  if (found.kind === "trends" && ask.kind === "trends") {
    const line = found.lines[0];
    const value = line?.total;
    const text = eventLabel(ask.series[0]);
    if (value === null || value === undefined) return { figure: { state: "none", text: "None" }, text };
    const values = line?.values.map((one) => numeric(one) ?? 0) ?? [];
    return { figure: shown(measureShort(value, ask.measure), measureText(value, ask.measure)), text, values };
  }
  if (found.kind === "funnel") {
    const steps = found.parts[0]?.steps ?? [];
    const share = steps.at(-1)?.of_first;
    const text = `of ${counted(steps[0]?.people ?? 0, "person", "people")} came to the end`;
    return {
      figure: typeof share === "number" ? shown(percent(share)) : { state: "none", text: "Nobody began" },
      text,
    };
  }
  if (found.kind === "retention") {
    const share = found.mean[1]?.share;
    const text = `came back one ${ask.kind === "retention" ? (ask.period ?? "week") : "period"} later`;
    return {
      figure: typeof share === "number" ? shown(percent(share)) : { state: "none", text: "Not over yet" },
      text,
    };
  }
  const people = found.kind === "paths" ? (found.steps[0]?.[0]?.people ?? 0) : 0;
  return { figure: shown(numberShort(people), number(people)), text: "people on these paths" };
}

function shown(text: string, exact = text): Figure {
  return { state: "value", text, exact };
}
