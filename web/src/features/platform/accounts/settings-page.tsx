import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useSession } from "#/app/session.ts";
import { Page } from "#/ui/page.tsx";
import styles from "./settings-page.module.css";

const TABS = [
  { to: "/settings", label: "Workspace", permission: "workspace.read" },
  { to: "/settings/members", label: "Members", permission: "workspace.read" },
  { to: "/settings/keys", label: "Keys", permission: "keys.read" },
  { to: "/settings/channel-rules", label: "Channel rules", permission: "metrics.read" },
  { to: "/settings/jobs", label: "Jobs", permission: "jobs.read" },
  { to: "/settings/audit", label: "Audit", permission: "audit.read" },
] as const;

interface SettingsPageProps {
  text?: ReactNode;
  actions?: ReactNode;
  filters?: ReactNode;
  fill?: boolean;
  children: ReactNode;
}

/** A page of the settings: the title and the way to the others. */
export function SettingsPage({ text, actions, filters, fill, children }: SettingsPageProps) {
  const { permissions } = useSession();
  return (
    <Page title="Settings" actions={actions} fill={fill}>
      <nav className={styles.nav} aria-label="Settings">
        {TABS.filter((tab) => permissions.includes(tab.permission)).map((tab) => (
          <Link key={tab.to} to={tab.to} className={styles.link} activeOptions={{ exact: true, includeSearch: false }}>
            {tab.label}
          </Link>
        ))}
      </nav>
      {text ? <p>{text}</p> : null}
      {filters}
      {children}
    </Page>
  );
}
