import { describe, expect, it } from "vitest";
import css from "./tokens.css?raw";

const pairs = new Map<string, [string, string]>();
for (const [, name, light, dark] of css.matchAll(/--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)/g)) {
  if (name && light && dark) pairs.set(name, [light, dark]);
}

function luminance(hex: string): number {
  const parts = [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16) / 255);
  const [red = 0, green = 0, blue = 0] = parts.map((part) =>
    part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4,
  );
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(one: string, other: string, theme: 0 | 1): number {
  const [a, b] = [one, other].map((name) => luminance(pairs.get(name)?.[theme] ?? "#000000"));
  const [light, dark] = [Math.max(a ?? 0, b ?? 0), Math.min(a ?? 0, b ?? 0)];
  return (light + 0.05) / (dark + 0.05);
}

const GROUNDS = ["page", "surface", "sunken", "raised", "hover", "selected"];
const TEXT: [string, string][] = [
  ...GROUNDS.flatMap((ground): [string, string][] => [
    ["text", ground],
    ["muted", ground],
  ]),
  ...["page", "surface", "sunken", "raised", "selected"].map((ground): [string, string] => ["accent", ground]),
  ["on-accent", "accent"],
  ["on-accent", "accent-hover"],
  ["on-danger", "danger"],
  ["danger", "surface"],
  ["danger", "danger-ground"],
  ["muted", "danger-ground"],
  ["warning", "warning-ground"],
  ["success", "success-ground"],
  ["danger", "raised"],
];
const CHANNELS = [...Array.from({ length: 12 }, (_, step) => `channel-${step + 1}`), "channel-other"];

const SERIES = Array.from({ length: 5 }, (_, step) => `series-${step + 1}`);

describe("the tokens", () => {
  for (const [theme, name] of [
    [0, "light"],
    [1, "dark"],
  ] as const) {
    it(`keep text at 4.5:1 in the ${name} theme`, () => {
      const weak = TEXT.filter(([a, b]) => contrast(a, b, theme) < 4.5).map(
        ([a, b]) => `${a} on ${b}: ${contrast(a, b, theme).toFixed(2)}`,
      );
      expect(weak).toEqual([]);
    });

    it(`keep borders of controls and colours of channels at 3:1 in the ${name} theme`, () => {
      const drawn = [...CHANNELS, ...SERIES, "border-strong"];
      const weak = drawn.filter((colour) => contrast(colour, "surface", theme) < 3);
      expect(weak).toEqual([]);
    });
  }
});
