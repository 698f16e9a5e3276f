import { shortcutText } from "#/lib/keyboard.ts";
import { Dialog } from "#/ui/dialog.tsx";
import { KeyFacts } from "#/ui/key-facts.tsx";
import type { Place } from "./places.ts";

interface KeyboardHelpProps {
  open: boolean;
  places: Place[];
  onClose: () => void;
}

/** The list of keys. */
export function KeyboardHelp({ open, places, onClose }: KeyboardHelpProps) {
  const keys: [string, string][] = [
    [shortcutText("mod+k"), "Search pages and commands"],
    ["?", "Show this list"],
    ["j  k", "Next and previous row of a table"],
    ["Enter", "Open the row"],
    ["Esc", "Close the drawer or the dialog"],
    ...places
      .filter((place) => place.key)
      .map((place): [string, string] => [`g  ${place.key}`, `Go to ${place.label}`]),
  ];
  return (
    <Dialog open={open} onClose={onClose} title="Keyboard shortcuts">
      <KeyFacts facts={keys.map(([key, meaning]) => ({ name: key, value: meaning }))} />
    </Dialog>
  );
}
