import { type RefObject, useEffect, useState } from "react";
import { isTyping } from "#/lib/keyboard.ts";

const STEPS: Record<string, number> = { j: 1, ArrowDown: 1, k: -1, ArrowUp: -1, PageDown: 12, PageUp: -12 };

/** Moves through the rows of a table: j and k from anywhere on the page, the arrows once a row has the focus. */
export function useRowKeys(
  count: number,
  scroll: RefObject<HTMLDivElement | HTMLElement | null>,
  reveal: (place: number) => void,
  isVirtual: boolean,
) {
  const [active, setActive] = useState(0);
  useEffect(() => {
    const move = (event: KeyboardEvent) => {
      const element = scroll.current;
      if (!element || count === 0 || event.metaKey || event.ctrlKey || event.altKey || isTyping(event.target)) return;
      const row = event.target instanceof Element ? event.target.closest<HTMLElement>("tr[data-place]") : null;
      const inside = row !== null && element.contains(row) && row === event.target;
      const fromPage = (event.key === "j" || event.key === "k") && event.target === document.body;
      if (!inside && !fromPage && event.target !== element) return;
      const next = nextPlace(event.key, inside ? Number(row.dataset.place) : undefined, active, count);
      if (next === undefined) return;
      event.preventDefault();
      setActive(next);
      if (isVirtual) reveal(next);
      // The row may have to be rendered first.
      requestAnimationFrame(() =>
        requestAnimationFrame(() => element.querySelector<HTMLElement>(`tr[data-place="${next}"]`)?.focus()),
      );
    };
    document.addEventListener("keydown", move);
    return () => document.removeEventListener("keydown", move);
  }, [count, scroll, reveal, isVirtual, active]);
  return { active: Math.min(active, Math.max(0, count - 1)), setActive };
}

/** The place a key leads to, or undefined when the key is none of the table's. */
export function nextPlace(key: string, current: number | undefined, last: number, count: number): number | undefined {
  if (key === "Home") return current === undefined ? undefined : 0;
  if (key === "End") return current === undefined ? undefined : count - 1;
  const step = STEPS[key];
  if (step === undefined) return undefined;
  if (current === undefined) return Math.min(last, count - 1);
  return Math.max(0, Math.min(count - 1, current + step));
}
