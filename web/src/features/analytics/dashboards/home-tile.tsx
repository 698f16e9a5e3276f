import { figureShort, plain, tileFigure, watermarkText } from "#/features/analytics/metrics/figures.ts";
import type { FigureValue, Unit } from "#/features/analytics/metrics/queries.ts";
import { days, numberShort } from "#/lib/format.ts";
import { Delta } from "#/ui/delta.tsx";
import type { Trend } from "#/ui/sparkline.tsx";
import { Tile } from "#/ui/tile.tsx";
import { type Explain, firstIncomplete, type Home, type HomeTile, type TrendPoint } from "./queries.ts";

interface HomeTileProps {
  tile: HomeTile;
  home: Home;
  today: string;
  onExplain: Explain;
}

const BETTER = { up_is_good: "up", down_is_good: "down", neutral: "none" } as const;

/** One of the six figures: its value, its comparison, what stands beside it, and its trend with the plan. */
export function HomeTileView({ tile, home, today, onExplain }: HomeTileProps) {
  const { value, previous, change, significant, noise } = tile.value;
  const unit = tile.unit === "per_month" ? "count" : tile.unit;
  const known = value !== null && value !== undefined;
  const hadOne = previous !== null && previous !== undefined;
  return (
    <Tile
      label={tile.name}
      figure={tileFigure(tile.value, tile.unit)}
      decision={tile.decision}
      trend={trendOf(tile, today)}
      watermark={watermarkText(home.watermark)}
      onOpen={() => onExplain(tile.metric)}
      beside={besideText(tile)}
      comparison={
        known && home.comparison ? (
          <Delta
            change={change ?? null}
            against={hadOne ? againstText(previous, unit) : "nothing before"}
            period={days(home.comparison)}
            better={BETTER[tile.direction]}
            significant={significant ?? true}
            noise={noise ? `Chance alone moves it by ±${noiseText(noise, unit, home.currency)}` : undefined}
          />
        ) : null
      }
    />
  );
}

/** What is compared with; its unit stands beside the figure already. */
function againstText(value: FigureValue, unit: Unit): string {
  return typeof value === "number" && unit !== "share" ? numberShort(value) : figureShort(value, unit);
}

/** The second figure of a tile; the plan, where there is one. */
function besideText({ beside, plan }: HomeTile): string | undefined {
  if (!beside) return undefined;
  const { value } = beside.value;
  const text = value === null || value === undefined ? undefined : figureShort(value, beside.unit);
  if (beside.metric === "spend_to_plan") {
    return plan ? `${text ?? "Nothing"} of plan ${figureShort(plan, "money")}` : "No plan for these dates";
  }
  if (text && beside.metric === "pipeline_contribution_share") return `${text} of all pipeline`;
  // The number first: what does not fit is cut off at the end.
  return text === undefined ? undefined : `${text} ${beside.name.toLowerCase()}`;
}

function trendOf({ trend, plan_trend = [] }: HomeTile, today: string): Trend {
  const number = ({ value }: TrendPoint) => (value === null || value === undefined ? null : plain(value));
  return {
    // What has not begun yet is no fall to zero.
    values: trend.map((point) => (point.period.value > today ? null : number(point))),
    plan: plan_trend.some((point) => number(point) !== null) ? plan_trend.map(number) : undefined,
    incompleteFrom: firstIncomplete(trend),
  };
}

function noiseText(noise: number, unit: Exclude<HomeTile["unit"], "per_month">, currency: string): string {
  return figureShort(unit === "money" ? { amount: noise.toFixed(2), currency } : noise, unit);
}
