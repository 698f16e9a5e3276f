import { useEffect, useLayoutEffect, useRef, useState } from "react";
import styles from "./tip-layer.module.css";

interface Tip {
  text: string;
  shortcut: string | undefined;
  anchor: DOMRect;
}

const DELAY_MS = 350;
const GAP = 6;

/**
 * Shows the `data-tip` of whatever is hovered or focused. One layer for the whole app, without a library, because every
 * icon button has a tip and the first page has to stay small. A tip repeats what is spoken already, or adds to it.
 */
export function TipLayer() {
  const [tip, setTip] = useState<Tip | undefined>(undefined);
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const show = (target: EventTarget | null, delay: number) => {
      clearTimeout(timer);
      if (target instanceof Node && box.current?.contains(target)) return;
      const element = target instanceof Element ? target.closest<HTMLElement>("[data-tip]") : null;
      if (!element) {
        timer = setTimeout(() => setTip(undefined), 100);
        return;
      }
      timer = setTimeout(() => {
        if (!element.isConnected) return;
        const { tip: text = "", tipKey: shortcut } = element.dataset;
        setTip({ text, shortcut, anchor: element.getBoundingClientRect() });
      }, delay);
    };
    const over = (event: Event) => show(event.target, DELAY_MS);
    const focus = (event: FocusEvent) => {
      if (event.target instanceof Element && event.target.matches(":focus-visible")) show(event.target, 0);
    };
    const hide = () => {
      clearTimeout(timer);
      setTip(undefined);
    };
    const key = (event: KeyboardEvent) => event.key === "Escape" && hide();
    document.addEventListener("pointerover", over);
    document.addEventListener("focusin", focus);
    document.addEventListener("focusout", hide);
    document.addEventListener("pointerdown", hide);
    document.addEventListener("keydown", key);
    document.addEventListener("scroll", hide, true);
    return () => {
      clearTimeout(timer);
      document.removeEventListener("pointerover", over);
      document.removeEventListener("focusin", focus);
      document.removeEventListener("focusout", hide);
      document.removeEventListener("pointerdown", hide);
      document.removeEventListener("keydown", key);
      document.removeEventListener("scroll", hide, true);
    };
  }, []);
  useLayoutEffect(() => {
    const element = box.current;
    if (!element || !tip) return;
    const { width, height } = element.getBoundingClientRect();
    const below = tip.anchor.bottom + GAP + height < window.innerHeight;
    const left = tip.anchor.left + tip.anchor.width / 2 - width / 2;
    element.style.top = `${below ? tip.anchor.bottom + GAP : tip.anchor.top - GAP - height}px`;
    element.style.left = `${Math.max(GAP, Math.min(window.innerWidth - width - GAP, left))}px`;
  }, [tip]);
  if (!tip) return null;
  return (
    <div ref={box} className={styles.tip} aria-hidden="true">
      {tip.text}
      {tip.shortcut ? <kbd className={styles.key}>{tip.shortcut}</kbd> : null}
    </div>
  );
}
