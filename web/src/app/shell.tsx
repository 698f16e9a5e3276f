import { Outlet, useRouterState } from "@tanstack/react-router";
import { lazy, Suspense, useEffect, useMemo, useRef, useState } from "react";
import { shortcutText, useShortcuts } from "#/lib/keyboard.ts";
import { recall, remember } from "#/lib/storage.ts";
import { buttonClass } from "#/ui/button.tsx";
import { Rail } from "./rail.tsx";
import styles from "./shell.module.css";
import { useGo } from "./use-go.ts";
import { usePlaces } from "./use-places.ts";

const loadPalette = () => import("./palette.tsx").then((module) => ({ default: module.Palette }));
const Palette = lazy(loadPalette);
const KeyboardHelp = lazy(() => import("./keyboard-help.tsx").then((module) => ({ default: module.KeyboardHelp })));

type Overlay = "palette" | "help" | undefined;

/** The frame of every page: rail, page, palette, keys. */
export function Shell() {
  const [overlay, setOverlay] = useState<Overlay>(undefined);
  const [used, setUsed] = useState<Set<Overlay>>(new Set());
  const [collapsed, setCollapsed] = useState(() => recall("rail") === "collapsed");
  const places = usePlaces();
  const go = useGo();
  const shortcuts = useMemo(() => {
    const open = (which: Overlay) => {
      setUsed((before) => new Set(before).add(which));
      setOverlay((before) => (before === which ? undefined : which));
    };
    const keys: Record<string, () => void> = { "mod+k": () => open("palette"), "?": () => open("help") };
    for (const place of places) if (place.key) keys[`g ${place.key}`] = () => go(place.to);
    return keys;
  }, [places, go]);
  useShortcuts(shortcuts);
  const main = usePageFocus();
  useEffect(() => {
    // There before it is asked for: what is typed right after the keys would be lost while it loads.
    const timer = setTimeout(() => void loadPalette().catch(() => undefined), PALETTE_MS);
    return () => clearTimeout(timer);
  }, []);
  const toggleRail = () => {
    setCollapsed(!collapsed);
    remember("rail", collapsed ? null : "collapsed");
  };
  return (
    <div className={styles.shell} data-collapsed={collapsed || undefined}>
      <a href="#main" className={`${buttonClass("primary")} ${styles.skip}`}>
        Skip to the page
      </a>
      <Rail
        places={places}
        collapsed={collapsed}
        onCollapse={toggleRail}
        onFind={shortcuts["mod+k"]}
        onHelp={shortcuts["?"]}
        findKey={shortcutText("mod+k")}
      />
      <main ref={main} id="main" className={styles.main} tabIndex={-1}>
        <Outlet />
      </main>
      <Suspense>
        {used.has("palette") ? (
          <Palette
            open={overlay === "palette"}
            places={places}
            onClose={() => setOverlay(undefined)}
            onHelp={() => shortcuts["?"]?.()}
          />
        ) : null}
        {used.has("help") ? (
          <KeyboardHelp open={overlay === "help"} places={places} onClose={() => setOverlay(undefined)} />
        ) : null}
      </Suspense>
    </div>
  );
}

/** The page has the line to itself for so long. */
const PALETTE_MS = 3_000;

/** A drawer takes this long to leave. */
const FOCUS_MS = 250;

/** After a way to another page the next Tab is in that page, not at the top of the rail again. */
function usePageFocus() {
  const main = useRef<HTMLElement>(null);
  const path = useRouterState({ select: (state) => state.resolvedLocation?.pathname });
  const before = useRef(path);
  useEffect(() => {
    const first = before.current === undefined;
    if (before.current === path) return;
    before.current = path;
    if (first) return;
    // Whoever chose something in the rail, or whatever a page or a drawer focused by itself, keeps the focus. What was
    // pressed on the page before loses it with that page, or with its drawer a moment later.
    const timer = setTimeout(() => {
      if (document.activeElement === document.body) main.current?.focus({ preventScroll: true });
    }, FOCUS_MS);
    return () => clearTimeout(timer);
  }, [path]);
  return main;
}
