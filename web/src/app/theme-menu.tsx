import { Monitor, Moon, Sun } from "lucide-react";
import { setTheme, useTheme } from "#/lib/theme.ts";
import { IconButton } from "#/ui/icon-button.tsx";
import { Menu } from "#/ui/menu.tsx";

const THEMES = [
  { theme: "system", label: "As the system", Icon: Monitor },
  { theme: "light", label: "Light", Icon: Sun },
  { theme: "dark", label: "Dark", Icon: Moon },
] as const;

/** The choice between light, dark and the system's own. */
export function ThemeMenu() {
  const theme = useTheme();
  const Icon = THEMES.find((one) => one.theme === theme)?.Icon ?? Monitor;
  const actions = THEMES.map(({ theme: choice, label, Icon: ChoiceIcon }) => ({
    label,
    icon: <ChoiceIcon size={14} aria-hidden="true" />,
    detail: choice === theme ? "chosen" : undefined,
    onSelect: () => setTheme(choice),
  }));
  return (
    <Menu
      groups={[actions]}
      trigger={<IconButton size="small" label="Theme" icon={<Icon size={15} aria-hidden="true" />} />}
    />
  );
}
