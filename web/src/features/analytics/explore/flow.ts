import type { FoundOf } from "./model.ts";

type Found = FoundOf<"paths">;

/** A stop as it is drawn. */
export interface FlowNode {
  step: number;
  place: number;
  people: number;
  x: number;
  y: number;
  height: number;
}

/** A band between two stops. */
export interface FlowLink {
  from: FlowNode;
  to: FlowNode;
  people: number;
  path: string;
  width: number;
}

export interface Flow {
  nodes: FlowNode[];
  links: FlowLink[];
  height: number;
}

/** Space between two stops, room for two lines of text. */
const GAP = 34;
const NODE_WIDTH = 10;
/** The height of all people. */
const SCALE = 260;

/** Lays the steps out as columns, the people of a stop as its height; what leaves a stop leaves it from the top down. */
export function layOut(found: Found, width: number, backwards: boolean): Flow {
  const all = Math.max(1, found.steps[0]?.[0]?.people ?? 1);
  const columns = found.steps.length;
  const step = columns > 1 ? (width - NODE_WIDTH - 130) / (columns - 1) : 0;
  const nodes = found.steps.map((stops, at) => {
    let y = 0;
    return stops.map((stop, place): FlowNode => {
      const height = Math.max(2, (stop.people / all) * SCALE);
      const x = (backwards ? columns - 1 - at : at) * step;
      const node = { step: at, place, people: stop.people, x, y, height };
      y += height + GAP;
      return node;
    });
  });
  const left = new Map<FlowNode, number>();
  const arrived = new Map<FlowNode, number>();
  const sorted = [...found.links].sort((a, b) => a.step - b.step || a.from - b.from || a.to - b.to);
  const links = sorted.flatMap((link): FlowLink[] => {
    const from = nodes[link.step]?.[link.from];
    const to = nodes[link.step + 1]?.[link.to];
    if (!from || !to) return [];
    const thick = (link.people / all) * SCALE;
    const y0 = from.y + (left.get(from) ?? 0) + thick / 2;
    const y1 = to.y + (arrived.get(to) ?? 0) + thick / 2;
    left.set(from, (left.get(from) ?? 0) + thick);
    arrived.set(to, (arrived.get(to) ?? 0) + thick);
    const [x0, x1] = backwards ? [from.x, to.x + NODE_WIDTH] : [from.x + NODE_WIDTH, to.x];
    const middle = (x0 + x1) / 2;
    const path = `M${x0} ${y0}C${middle} ${y0} ${middle} ${y1} ${x1} ${y1}`;
    return [{ from, to, people: link.people, path, width: Math.max(1, thick) }];
  });
  const flat = nodes.flat();
  return { nodes: flat, links, height: Math.max(...flat.map((node) => node.y + node.height), 0) + GAP };
}
