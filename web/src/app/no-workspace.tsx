import { useQuery } from "@tanstack/react-query";
import { OutsideFrame } from "#/features/platform/accounts/outside-frame.tsx";
import { useSignOut } from "#/features/platform/accounts/queries.ts";
import { Button, buttonClass } from "#/ui/button.tsx";
import { ProblemView } from "#/ui/problem-view.tsx";
import { SkeletonLines } from "#/ui/skeleton.tsx";
import styles from "./no-workspace.module.css";
import { workspacesQuery } from "./session.ts";

/** The address names a workspace that is none of the user's: the way to theirs, and out. */
export function NoWorkspace() {
  const session = useQuery(workspacesQuery);
  const signOut = useSignOut();
  const workspaces = session.data?.workspaces ?? [];
  const text =
    workspaces.length > 0
      ? "The address leads to a workspace that does not exist, or that you are not a member of."
      : "You are not a member of a workspace here. Ask an owner to add you.";
  return (
    <OutsideFrame title="This workspace is not open to you" text={session.isPending ? "" : text}>
      {session.isPending ? <SkeletonLines lines={2} /> : null}
      {session.error ? (
        <ProblemView
          title="Your workspaces could not be loaded"
          error={session.error}
          onRetry={() => void session.refetch()}
        />
      ) : null}
      <ul className={styles.list}>
        {workspaces.map(({ slug, name }) => (
          <li key={slug}>
            {/* A whole new page: nothing of one workspace may stay in sight in another. */}
            <a href={`/w/${slug}`} className={buttonClass("primary")}>
              Open {name}
            </a>
          </li>
        ))}
      </ul>
      <div className={styles.out}>
        <span>{session.data ? `Signed in as ${session.data.user.email}.` : ""}</span>
        <Button busy={signOut.isPending} onClick={() => signOut.mutate()}>
          Sign out
        </Button>
      </div>
    </OutsideFrame>
  );
}
