/** The least and the largest of what a tiny trend shows. Zero is always in sight. */
export function sparkBounds(...lines: readonly (readonly (number | null)[])[]): [number, number] {
  const known = lines.flat().filter((value): value is number => value !== null);
  return [Math.min(0, ...known), Math.max(0, ...known)];
}

/** The line of a tiny trend and the area under it, as SVG paths; a null starts a new stretch. */
export function sparkPaths(
  values: readonly (number | null)[],
  width: number,
  height: number,
  [low, high] = sparkBounds(values),
): { line: string; area: string } {
  const span = high - low || 1;
  const step = values.length > 1 ? width / (values.length - 1) : 0;
  const y = (value: number) => height - 1 - ((value - low) / span) * (height - 2);
  const line: string[] = [];
  const area: string[] = [];
  let stretch: [number, number][] = [];
  const close = () => {
    const first = stretch[0];
    const last = stretch.at(-1);
    if (first && last) {
      const points = stretch.map(([px, py]) => `${round(px)} ${round(py)}`).join("L");
      line.push(`M${points}`);
      area.push(`M${round(first[0])} ${round(y(0))}L${points}L${round(last[0])} ${round(y(0))}Z`);
    }
    stretch = [];
  };
  values.forEach((value, place) => {
    if (value === null) close();
    else stretch.push([place * step, y(value)]);
  });
  close();
  return { line: line.join(""), area: area.join("") };
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
