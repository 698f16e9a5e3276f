import { Autocomplete } from "@base-ui/react/autocomplete";
import { Dialog } from "@base-ui/react/dialog";
import { Keyboard, Moon, Sun } from "lucide-react";
import { useMemo } from "react";
import { setTheme } from "#/lib/theme.ts";
import dialog from "#/ui/dialog.module.css";
import popup from "#/ui/popup.module.css";
import styles from "./palette.module.css";
import type { Place } from "./places.ts";
import { useGo } from "./use-go.ts";

interface Command {
  value: string;
  label: string;
  detail?: string;
  icon: React.ReactNode;
  run: () => void;
}

interface PaletteProps {
  open: boolean;
  places: Place[];
  onClose: () => void;
  onHelp: () => void;
}

/** ⌘K: every page and command, found by typing. */
export function Palette({ open, places, onClose, onHelp }: PaletteProps) {
  const go = useGo();
  const groups = useMemo(() => {
    const pages: Command[] = places.map(({ label, to, icon: Icon, area, words, key }) => ({
      // The words are part of what is searched.
      value: `${label} ${area} ${words ?? ""}`,
      label: label === area ? label : `${area}: ${label}`,
      detail: key ? `g ${key}` : undefined,
      icon: <Icon size={14} aria-hidden="true" />,
      run: () => go(to),
    }));
    const commands: Command[] = [
      {
        value: "Use the light theme",
        label: "Use the light theme",
        icon: <Sun size={14} />,
        run: () => setTheme("light"),
      },
      {
        value: "Use the dark theme",
        label: "Use the dark theme",
        icon: <Moon size={14} />,
        run: () => setTheme("dark"),
      },
      {
        value: "Show keyboard shortcuts help",
        label: "Show keyboard shortcuts",
        detail: "?",
        icon: <Keyboard size={14} />,
        run: onHelp,
      },
    ];
    return [
      { value: "Go to", items: pages },
      { value: "Do", items: commands },
    ];
  }, [places, go, onHelp]);
  return (
    <Dialog.Root open={open} onOpenChange={(next) => !next && onClose()}>
      <Dialog.Portal>
        <Dialog.Backdrop className={dialog.backdrop} />
        <Dialog.Popup className={styles.popup} aria-label="Search and commands">
          <Autocomplete.Root
            open
            inline
            items={groups}
            autoHighlight="always"
            keepHighlight
            itemToStringValue={(item: Command) => item.value}
          >
            <Autocomplete.Input
              className={styles.input}
              aria-label="Search pages and commands"
              placeholder="Search pages and commands"
            />
            <Autocomplete.Empty className={popup.empty}>No page and no command matches.</Autocomplete.Empty>
            <Autocomplete.List className={styles.list}>
              {(group: { value: string; items: Command[] }) => (
                <Autocomplete.Group key={group.value} items={group.items}>
                  <Autocomplete.GroupLabel className={popup.group}>{group.value}</Autocomplete.GroupLabel>
                  <Autocomplete.Collection>
                    {(command: Command) => (
                      <Autocomplete.Item
                        key={command.value}
                        value={command}
                        className={popup.item}
                        onClick={() => {
                          onClose();
                          command.run();
                        }}
                      >
                        <span className={popup.mark}>{command.icon}</span>
                        <span className={popup.text}>{command.label}</span>
                        {command.detail ? <kbd className={popup.detail}>{command.detail}</kbd> : null}
                      </Autocomplete.Item>
                    )}
                  </Autocomplete.Collection>
                </Autocomplete.Group>
              )}
            </Autocomplete.List>
          </Autocomplete.Root>
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}
