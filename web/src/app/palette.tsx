import { Autocomplete } from "@base-ui/react/autocomplete";
import { Dialog } from "@base-ui/react/dialog";
import { Building2, Handshake, Keyboard, Moon, Sun, User } from "lucide-react";
import { useMemo, useState } from "react";
import { setTheme } from "#/lib/theme.ts";
import dialog from "#/ui/dialog.module.css";
import popup from "#/ui/popup.module.css";
import styles from "./palette.module.css";
import { type FoundRecord, type Records, useRecords } from "./palette-records.ts";
import type { Place } from "./places.ts";
import { useGo } from "./use-go.ts";

interface Command {
  value: string;
  label: string;
  detail?: string;
  icon: React.ReactNode;
  run: () => void;
  /** The server found it for what was typed; it is not filtered again. */
  found?: boolean;
}

const ICONS: Record<FoundRecord["kind"], React.ReactNode> = {
  person: <User size={14} aria-hidden="true" />,
  company: <Building2 size={14} aria-hidden="true" />,
  deal: <Handshake size={14} aria-hidden="true" />,
};

const STATES: Partial<Record<Records["state"], string>> = {
  searching: "Searching people, companies and deals",
  failed: "The search for people, companies and deals failed. Type on to try again.",
};

interface PaletteProps {
  open: boolean;
  places: Place[];
  onClose: () => void;
  onHelp: () => void;
}

/** ⌘K: every page, command, person, company and deal, found by typing. */
export function Palette({ open, places, onClose, onHelp }: PaletteProps) {
  const go = useGo();
  const [typed, setTyped] = useState("");
  const { state, records } = useRecords(open ? typed : "");
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
    const found: Command[] = records.map((record) => ({
      value: `${record.kind} ${record.id}`,
      label: record.label,
      detail: record.detail,
      icon: ICONS[record.kind],
      run: () => go(record.to),
      found: true,
    }));
    return [
      { value: "Go to", items: pages },
      ...(found.length > 0 ? [{ value: "Records", items: found }] : []),
      { value: "Do", items: commands },
    ];
  }, [places, records, go, onHelp]);
  return (
    <Dialog.Root
      open={open}
      onOpenChange={(next) => !next && onClose()}
      onOpenChangeComplete={(next) => !next && setTyped("")}
    >
      <Dialog.Portal>
        <Dialog.Backdrop className={dialog.backdrop} />
        <Dialog.Popup className={styles.popup} aria-label="Search and commands">
          <Autocomplete.Root
            open
            inline
            items={groups}
            autoHighlight="always"
            keepHighlight
            value={typed}
            onValueChange={setTyped}
            filter={matches}
            itemToStringValue={(item: Command) => item.value}
          >
            <Autocomplete.Input
              className={styles.input}
              aria-label="Search pages and commands"
              placeholder="Search pages, people, companies, deals"
            />
            <Autocomplete.Empty className={popup.empty}>
              {state === "none" || state === "found" ? "Nothing has this in its name." : null}
            </Autocomplete.Empty>
            <Autocomplete.Status className={popup.empty}>{STATES[state]}</Autocomplete.Status>
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
                        {command.detail ? <Detail command={command} /> : null}
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

function matches(command: Command, query: string): boolean {
  return command.found === true || command.value.toLowerCase().includes(query.trim().toLowerCase());
}

function Detail({ command }: { command: Command }) {
  return command.found ? (
    <span className={popup.detail}>{command.detail}</span>
  ) : (
    <kbd className={popup.detail}>{command.detail}</kbd>
  );
}
