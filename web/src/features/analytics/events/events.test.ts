import { describe, expect, it } from "vitest";
import { addFates, afterReopening, FATES_MAX } from "./fates.ts";
import type { Fate } from "./queries.ts";
import { snippetsFor } from "./snippets.ts";

const fate = (sequence: number) => ({ sequence, status: "accepted" }) as Fate;
const numbers = (fates: Fate[]) => fates.map((one) => one.sequence);

describe("the live stream", () => {
  it("keeps the newest first and each message once, however it arrived", () => {
    expect(numbers(addFates([fate(3), fate(2)], [fate(4), fate(3), fate(5)]))).toEqual([5, 4, 3, 2]);
  });

  it("hands the same list back when nothing new came, so that nothing is drawn again", () => {
    const shown = [fate(1)];
    expect(addFates(shown, [fate(1)])).toBe(shown);
  });

  it("lets the oldest go when it is full", () => {
    const full = Array.from({ length: FATES_MAX }, (_, at) => fate(FATES_MAX - at));
    const next = addFates(full, [fate(FATES_MAX + 1)]);
    expect(next.length).toBe(FATES_MAX);
    expect(next[0]?.sequence).toBe(FATES_MAX + 1);
    expect(next.at(-1)?.sequence).toBe(2);
  });
});

describe("a stream that is open again", () => {
  it("keeps what arrived while the server is the same", () => {
    const arrived = [fate(9), fate(8)];
    expect(afterReopening(arrived, new Set(arrived), [fate(11), fate(9)])).toBe(arrived);
  });

  it("lets go of what another server sent, and keeps what the new one sent since", () => {
    const old = [fate(9), fate(8)];
    const fresh = fate(2);
    expect(afterReopening([fresh, ...old], new Set(old), [fate(1)])).toEqual([fresh]);
    expect(afterReopening(old, new Set(old), [])).toEqual([]);
  });
});

describe("the snippets", () => {
  it("carry the address and the key, whatever the source", () => {
    for (const snippet of snippetsFor("https://m.example", "wk_123")) {
      expect(snippet.code).toContain("https://m.example");
      expect(snippet.code).toContain("wk_123");
    }
  });
});
