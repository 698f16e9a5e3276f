import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { asProblem } from "#/api/problem.ts";
import { useMay } from "#/app/session.ts";
import { SettingsPage } from "#/features/platform/accounts/settings-page.tsx";
import { Button } from "#/ui/button.tsx";
import { ProblemView } from "#/ui/problem-view.tsx";
import { Section } from "#/ui/section.tsx";
import { SkeletonLines } from "#/ui/skeleton.tsx";
import { TextInput } from "#/ui/text-input.tsx";
import { toast } from "#/ui/toasts.ts";
import { WithCode } from "#/ui/with-code.tsx";
import { isSame, readyToSend } from "./model.ts";
import { MovesView } from "./moves-view.tsx";
import { type RuleBook, type RuleVersion, rulesQuery, usePreview, useSaveRules } from "./queries.ts";
import { ChannelRuleList, SiteList, VisitorList } from "./rule-lists.tsx";
import styles from "./rules.module.css";
import { TryDraft } from "./try-draft.tsx";
import { VersionStatus } from "./version-status.tsx";
import { VersionsList } from "./versions-list.tsx";

type Program = { rule: string; channel: string; condition: string }[];

/** The workspace's own channel and visitor rules, with their versions. */
export function ChannelRulesPage() {
  const rules = useQuery(rulesQuery);
  return (
    <SettingsPage text="Which channel a visit has, and who visits. Your own rules come before those of the program; the first that holds decides.">
      {rules.isPending ? <SkeletonLines /> : null}
      {rules.error ? (
        <ProblemView title="The rules could not be loaded" error={rules.error} onRetry={() => void rules.refetch()} />
      ) : null}
      {rules.data ? (
        <>
          <VersionStatus version={rules.data.current} />
          <Editor key={rules.data.current.version} current={rules.data.current} program={rules.data.program} />
          <VersionsList />
        </>
      ) : null}
    </SettingsPage>
  );
}

function Editor({ current, program }: { current: RuleVersion; program: Program }) {
  const may = useMay("workspace.write");
  const [draft, setDraft] = useState<RuleBook>(current.rules);
  const [note, setNote] = useState("");
  const preview = usePreview();
  const save = useSaveRules();
  const error = save.error ?? preview.error;
  const isChanged = !isSame(draft, current.rules);
  const change = (part: Partial<RuleBook>) => {
    setDraft({ ...draft, ...part });
    // What was computed or refused was about another draft.
    preview.reset();
    save.reset();
  };
  const shared = { disabled: !may, error };
  const channels = [...new Set(program.map((rule) => rule.channel))] as NonNullable<
    RuleBook["channels"]
  >[number]["channel"][];
  const submit = (event: React.FormEvent) => {
    event.preventDefault();
    const body = { rules: readyToSend(draft), note, based_on: current.version };
    save.mutate(body, { onSuccess: (saved) => toast(`Saved version ${saved.version}`) });
  };
  return (
    <>
      <Section title="Channel rules" text="Every condition of a rule must hold. Upper and lower case are the same.">
        <ChannelRuleList
          {...shared}
          items={draft.channels}
          channels={channels}
          onChange={(next) => change({ channels: next })}
        />
        <details className={styles.program}>
          <summary>The {program.length} rules of the program, which come after</summary>
          <ol>
            {program.map((rule) => (
              <li key={rule.rule}>
                <span className={styles.muted}>{rule.rule}</span>
                <span>{rule.channel}</span>
                <span>
                  <WithCode text={rule.condition} />
                </span>
              </li>
            ))}
          </ol>
        </details>
      </Section>
      <Section
        title="Known sites"
        text="Added to the program’s lists, on which its rules rely. A host counts with every host below it."
      >
        <SiteList {...shared} items={draft.sites} onChange={(sites) => change({ sites })} />
      </Section>
      <Section title="Visitors" text="Reports count people only. Bots and AI agents are kept apart, never dropped.">
        <VisitorList {...shared} items={draft.visitors} onChange={(visitors) => change({ visitors })} />
      </Section>
      {may ? (
        <Section
          title="Save"
          text="New events follow a version at once. Events from before follow when its job is done, all at the same moment."
        >
          <form className={styles.form} onSubmit={submit}>
            <TextInput label="Why" optional value={note} maxLength={256} onChange={setNote} />
            <div className={styles.actions}>
              <Button
                busy={preview.isPending}
                disabled={!isChanged}
                onClick={() => {
                  save.reset();
                  preview.mutate(readyToSend(draft));
                }}
              >
                Preview changes
              </Button>
              <Button type="submit" look="primary" busy={save.isPending} disabled={!isChanged}>
                Save version {current.version + 1}
              </Button>
              {isChanged ? (
                <Button look="quiet" onClick={() => change(current.rules)}>
                  Discard changes
                </Button>
              ) : null}
            </div>
          </form>
          {error ? <ProblemView title={whatFailed(error)} error={error} /> : null}
          {preview.data ? (
            <div aria-live="polite">
              <p className={styles.muted}>Among the events of the last 30 days. Nothing was changed.</p>
              <MovesView found={preview.data} would />
            </div>
          ) : null}
        </Section>
      ) : (
        <p>Your role can see these rules, but not change them.</p>
      )}
      <TryDraft draft={draft} />
    </>
  );
}

function whatFailed(error: unknown): string {
  return asProblem(error).field ? "A rule needs your attention" : "Nothing was saved";
}
