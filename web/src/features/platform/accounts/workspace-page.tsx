/** The workspace's own settings. */
export function WorkspacePage() {
  return <p>Workspace</p>;
}
