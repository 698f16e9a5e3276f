import { useInfiniteQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useActorNames } from "#/app/actors.ts";
import { useMay } from "#/app/session.ts";
import { number } from "#/lib/format.ts";
import { Button } from "#/ui/button.tsx";
import { ConfirmDialog } from "#/ui/confirm-dialog.tsx";
import { Moment } from "#/ui/moment.tsx";
import { ProblemView } from "#/ui/problem-view.tsx";
import { Section } from "#/ui/section.tsx";
import { SkeletonLines } from "#/ui/skeleton.tsx";
import { toast } from "#/ui/toasts.ts";
import { WithCode } from "#/ui/with-code.tsx";
import { type RuleVersion, useRevertRules, versionsQuery } from "./queries.ts";
import styles from "./rules.module.css";

/** Every version: who, when, why, and what differs from the one before. */
export function VersionsList() {
  const versions = useInfiniteQuery(versionsQuery);
  const mayWrite = useMay("workspace.write");
  const revert = useRevertRules();
  const name = useActorNames();
  const [asked, setAsked] = useState<number>();
  const items = versions.data?.pages.flatMap((page) => page.items) ?? [];
  const back = (version: number) =>
    revert.mutate(version, {
      onSuccess: (saved) => toast(`Version ${saved.version} has the rules of version ${version}`),
      onSettled: () => setAsked(undefined),
    });
  return (
    <Section title="Versions" text="A version never changes. Going back saves an older one once more.">
      {versions.isPending ? <SkeletonLines lines={3} /> : null}
      {versions.error ? <ProblemView title="The versions could not be loaded" error={versions.error} /> : null}
      <ul className={styles.versions}>
        {items.map((one, place) => (
          <li key={one.version} className={styles.version}>
            <span>
              <strong>Version {one.version}</strong> <Told version={one} name={name} />
            </span>
            {mayWrite && place > 0 ? (
              <Button size="small" onClick={() => setAsked(one.version)}>
                Go back to version {one.version}
              </Button>
            ) : null}
            {one.changes.length > 0 ? (
              <ul>
                {one.changes.map((change) => (
                  <li key={change}>
                    <WithCode text={change} />
                  </li>
                ))}
              </ul>
            ) : null}
          </li>
        ))}
      </ul>
      {versions.hasNextPage ? (
        <Button className={styles.add} busy={versions.isFetchingNextPage} onClick={() => void versions.fetchNextPage()}>
          Show older versions
        </Button>
      ) : null}
      <ConfirmDialog
        open={asked !== undefined}
        title={`Go back to version ${asked}?`}
        text="Its rules are saved as a new version: new events follow them at once, events from before by a job. Answers as of an earlier moment stay."
        action="Go back"
        busy={revert.isPending}
        onClose={() => setAsked(undefined)}
        onConfirm={() => asked !== undefined && back(asked)}
      />
    </Section>
  );
}

function Told({ version, name }: { version: RuleVersion; name: (actor: string) => string }) {
  if (!version.saved_at || !version.saved_by) return <span className={styles.muted}>the rules of the program</span>;
  return (
    <span className={styles.muted}>
      {name(version.saved_by)}, <Moment at={version.saved_at} />
      {version.note ? ` · ${version.note}` : ""}
      {version.applied ? ` · ${number(version.applied.changed)} events from before changed` : ""}
    </span>
  );
}
