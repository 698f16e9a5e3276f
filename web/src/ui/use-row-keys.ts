import { type RefObject, useEffect, useRef, useState } from "react";
import { isTyping } from "#/lib/keyboard.ts";

const STEPS: Record<string, number> = { j: 1, ArrowDown: 1, k: -1, ArrowUp: -1, PageDown: 12, PageUp: -12 };

/** Moves through the rows of a table: j and k from anywhere on the page (for its first table), the arrows once a row has the focus. */
export function useRowKeys(
  count: number,
  scroll: RefObject<HTMLElement | null>,
  reveal: (place: number) => void,
  isVirtual: boolean,
) {
  const [active, setActive] = useState(0);
  // Keys may come faster than rows are rendered and focused; the place counts, not the focus.
  const place = useRef(0);
  const show = useRef(reveal);
  show.current = reveal;
  useEffect(() => {
    let frame = 0;
    const focus = (tries: number) => {
      const row = scroll.current?.querySelector<HTMLElement>(`tr[data-place="${place.current}"]`);
      if (row) row.focus();
      else if (tries > 0) frame = requestAnimationFrame(() => focus(tries - 1));
    };
    const move = (event: KeyboardEvent) => {
      const element = scroll.current;
      if (!element || count === 0 || event.metaKey || event.ctrlKey || event.altKey || isTyping(event.target)) return;
      const target = event.target instanceof Element ? event.target : document.body;
      const inside = target.matches("tr[data-place]") && element.contains(target);
      const fromPage = (event.key === "j" || event.key === "k") && target === document.body && isFirst(element);
      if (!inside && !fromPage && target !== element) return;
      const next = nextPlace(event.key, inside ? place.current : undefined, place.current, count);
      if (next === undefined) return;
      event.preventDefault();
      place.current = next;
      setActive(next);
      if (isVirtual) show.current(next);
      cancelAnimationFrame(frame);
      focus(5);
    };
    document.addEventListener("keydown", move);
    return () => {
      document.removeEventListener("keydown", move);
      cancelAnimationFrame(frame);
    };
  }, [count, scroll, isVirtual]);
  const arrive = (next: number) => {
    place.current = next;
    setActive(next);
  };
  return { active: Math.min(active, Math.max(0, count - 1)), setActive: arrive };
}

/** Whether a table is the first one of the page: with several, only that one answers to j and k from outside. */
function isFirst(element: HTMLElement): boolean {
  const row = document.querySelector("tr[data-place]");
  return row !== null && element.contains(row);
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
