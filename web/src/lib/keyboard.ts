import { useEffect } from "react";

/** Whether a key belongs to a field that somebody types in. */
export function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName);
}

/** Whether this device writes ⌘ for its main modifier. */
export const isApple = typeof navigator !== "undefined" && /Mac|iPhone|iPad/.test(navigator.platform);

/** A shortcut as it is shown: `mod+k` is ⌘K or Ctrl K. */
export function shortcutText(shortcut: string): string {
  return shortcut
    .split("+")
    .map((part) => (part === "mod" ? (isApple ? "⌘" : "Ctrl ") : part.length === 1 ? part.toUpperCase() : part))
    .join("");
}

/** Runs an action on a key, unless somebody types or a dialog is open. Keys: `?`, `g p` (one after the other), `mod+k`. */
export function useShortcuts(shortcuts: Record<string, () => void>): void {
  useEffect(() => {
    let waiting = "";
    let timer: ReturnType<typeof setTimeout> | undefined;
    const press = (event: KeyboardEvent) => {
      const modified = event.metaKey || event.ctrlKey;
      const held = modified ? `mod+${event.key.toLowerCase()}` : event.key;
      const sequence = waiting ? `${waiting} ${held}` : held;
      waiting = "";
      clearTimeout(timer);
      if (!modified && (isTyping(event.target) || document.querySelector("[role=dialog],[role=alertdialog]"))) return;
      const action = shortcuts[sequence] ?? shortcuts[held];
      if (action) {
        event.preventDefault();
        action();
      } else if (held === "g") {
        waiting = "g";
        timer = setTimeout(() => {
          waiting = "";
        }, 1000);
      }
    };
    document.addEventListener("keydown", press);
    return () => {
      document.removeEventListener("keydown", press);
      clearTimeout(timer);
    };
  }, [shortcuts]);
}
