const TITLES: Record<string, string> = {
  "workspace.read": "See the workspace and its members",
  "workspace.write": "Change the workspace’s settings",
  "members.write": "Add, change and remove members",
  "keys.read": "See keys, never their secret",
  "keys.write": "Create and revoke keys",
  "audit.read": "Read the audit trail",
  "events.read": "Watch the live stream and the quarantine",
  "people.read": "See people and companies",
  "people.write": "Change people and companies",
  "people.erase": "Erase people for good",
  "deals.read": "See deals",
  "deals.write": "Change deals",
  "imports.read": "See imports",
  "imports.write": "Upload, apply and undo imports",
  "metrics.read": "See dashboards, metrics and attribution",
  "explorations.write": "Save, change and archive explorations",
  "ledger.read": "See spend, plans and rates",
  "ledger.write": "Enter spend, plans and rates",
  "sql.run": "Ask questions in SQL, which sees every row",
  "jobs.read": "See background jobs",
  "jobs.write": "Cancel background jobs",
};

/** What a permission allows, in words. */
export function permissionTitle(permission: string): string {
  return TITLES[permission] ?? permission;
}
