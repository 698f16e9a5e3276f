import { Link, useRouter } from "@tanstack/react-router";
import { ChevronsUpDown, Keyboard, LogOut, PanelLeft, Search, User } from "lucide-react";
import { useSignOut } from "#/features/platform/accounts/queries.ts";
import { IconButton } from "#/ui/icon-button.tsx";
import { Menu } from "#/ui/menu.tsx";
import { AREAS, type Place } from "./places.ts";
import { useMayCreateWorkspace, useSession } from "./session.ts";
import styles from "./shell.module.css";
import { ThemeMenu } from "./theme-menu.tsx";

interface RailProps {
  places: Place[];
  collapsed: boolean;
  onCollapse: () => void;
  onFind: (() => void) | undefined;
  onHelp: (() => void) | undefined;
  findKey: string;
}

/** The left rail: where one is, and where one can go. */
export function Rail({ places, collapsed, onCollapse, onFind, onHelp, findKey }: RailProps) {
  const shown = places.filter((place) => !place.hidden);
  return (
    <aside className={styles.rail} aria-label="Mainspring">
      <WorkspaceSwitcher />
      <button type="button" className={styles.find} onClick={onFind}>
        <Search size={14} aria-hidden="true" />
        <span className={styles.label}>Search</span>
        <span className={styles.key} aria-hidden="true">
          {findKey}
        </span>
      </button>
      <nav className={styles.nav} aria-label="Areas">
        {AREAS.map((area) => {
          const inArea = shown.filter((place) => place.area === area);
          if (inArea.length === 0) return null;
          return (
            <div key={area}>
              {inArea.length > 1 || area !== "Home" ? <span className={styles.area}>{area}</span> : null}
              <ul>
                {inArea.map((place) => (
                  <li key={place.to}>
                    <RailLink place={place} />
                  </li>
                ))}
              </ul>
            </div>
          );
        })}
      </nav>
      <div className={styles.foot}>
        <UserMenu />
        <ThemeMenu />
        <IconButton
          size="small"
          label="Keyboard shortcuts"
          shortcut="?"
          icon={<Keyboard size={15} aria-hidden="true" />}
          onClick={onHelp}
        />
        <span className={styles.collapse}>
          <IconButton
            size="small"
            label={collapsed ? "Expand the rail" : "Collapse the rail"}
            icon={<PanelLeft size={15} aria-hidden="true" />}
            onClick={onCollapse}
          />
        </span>
      </div>
    </aside>
  );
}

function RailLink({ place }: { place: Place }) {
  const Icon = place.icon;
  return (
    <Link
      to={place.to as "/"}
      activeOptions={{ exact: place.to === "/", includeSearch: false }}
      className={styles.link}
      title={place.label}
    >
      <Icon size={15} aria-hidden="true" />
      <span className={styles.label}>{place.label}</span>
    </Link>
  );
}

function WorkspaceSwitcher() {
  const { workspace, workspaces } = useSession();
  const router = useRouter();
  const mayCreate = useMayCreateWorkspace();
  const groups = [
    workspaces.map(({ slug, name, role }) => ({
      label: name,
      detail: role.replaceAll("_", " "),
      // A whole new page: nothing of one workspace may stay in sight in another.
      onSelect: () => location.assign(`/w/${slug}`),
    })),
    ...(mayCreate
      ? [
          [
            {
              label: "Create workspace",
              onSelect: () => void router.navigate({ to: "/settings", search: { create: true } }),
            },
          ],
        ]
      : []),
  ];
  return (
    <Menu
      align="start"
      groups={groups}
      trigger={
        <button
          type="button"
          className={styles.switcher}
          title={workspace.name}
          aria-label={`Workspace: ${workspace.name}`}
        >
          <img src="/icon.svg" alt="" className={styles.logo} />
          <span className={`${styles.name} ${styles.label}`}>{workspace.name}</span>
          <ChevronsUpDown size={14} aria-hidden="true" className={styles.label} />
        </button>
      }
    />
  );
}

function UserMenu() {
  const { user } = useSession();
  const signOut = useSignOut();
  return (
    <Menu
      align="start"
      groups={[
        [
          {
            label: "Sign out",
            detail: user.email,
            icon: <LogOut size={14} aria-hidden="true" />,
            onSelect: () => signOut.mutate(),
          },
        ],
      ]}
      trigger={
        <IconButton
          size="small"
          label={`Signed in as ${user.name || user.email}`}
          icon={<User size={15} aria-hidden="true" />}
        />
      }
    />
  );
}
