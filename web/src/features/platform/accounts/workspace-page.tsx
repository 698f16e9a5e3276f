import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { fieldError } from "#/api/problem.ts";
import { useMay, useMayCreateWorkspace } from "#/app/session.ts";
import { KeepEvents } from "#/features/analytics/upkeep/keep-events.tsx";
import { KeptProperties } from "#/features/analytics/upkeep/kept-properties.tsx";
import { Button } from "#/ui/button.tsx";
import { Combobox } from "#/ui/combobox.tsx";
import { KeyFacts } from "#/ui/key-facts.tsx";
import { Moment } from "#/ui/moment.tsx";
import { ProblemView } from "#/ui/problem-view.tsx";
import { Section } from "#/ui/section.tsx";
import { SkeletonLines } from "#/ui/skeleton.tsx";
import { TextInput } from "#/ui/text-input.tsx";
import { toast } from "#/ui/toasts.ts";
import { CreateWorkspaceDialog } from "./create-workspace-dialog.tsx";
import { currencyOptions, zoneOptions } from "./places-of-world.ts";
import { useChangeWorkspace, type Workspace, workspaceQuery } from "./queries.ts";
import styles from "./settings-page.module.css";
import { SettingsPage } from "./settings-page.tsx";

const route = getRouteApi("/shell/settings");

/** The workspace's own settings. */
export function WorkspacePage() {
  const workspace = useQuery(workspaceQuery);
  const { create } = route.useSearch();
  const navigate = route.useNavigate();
  const mayCreate = useMayCreateWorkspace();
  const show = (open: boolean) => void navigate({ search: open ? { create: true } : {} });
  return (
    <SettingsPage actions={mayCreate ? <Button onClick={() => show(true)}>Create workspace</Button> : null}>
      {workspace.isPending ? <SkeletonLines /> : null}
      {workspace.error ? (
        <ProblemView
          title="The settings could not be loaded"
          error={workspace.error}
          onRetry={() => void workspace.refetch()}
        />
      ) : null}
      {workspace.data ? <SettingsForm key={contentOf(workspace.data)} workspace={workspace.data} /> : null}
      <CreateWorkspaceDialog open={create === true && mayCreate} onClose={() => show(false)} />
    </SettingsPage>
  );
}

/** A form starts anew when the settings changed, not whenever they were asked for again. */
function contentOf({ name, currency, time_zone }: Workspace): string {
  return JSON.stringify([name, currency, time_zone]);
}

function SettingsForm({ workspace }: { workspace: Workspace }) {
  const may = useMay("workspace.write");
  const save = useChangeWorkspace();
  const currencies = useMemo(currencyOptions, []);
  const zones = useMemo(zoneOptions, []);
  const [draft, setDraft] = useState(workspace);
  const changed = (["name", "currency", "time_zone"] as const).filter((field) => draft[field] !== workspace[field]);
  const submit = (event: React.FormEvent) => {
    event.preventDefault();
    const change = Object.fromEntries(changed.map((field) => [field, draft[field]]));
    save.mutate(change, { onSuccess: () => toast("Saved the workspace's settings") });
  };
  return (
    <>
      <Section title="Workspace">
        <form className={styles.form} onSubmit={submit}>
          <TextInput
            label="Name"
            required
            disabled={!may}
            value={draft.name}
            error={fieldError(save.error, "name")}
            onChange={(name) => setDraft({ ...draft, name })}
          />
          <Combobox
            label="Currency"
            options={currencies}
            disabled={!may}
            value={draft.currency}
            error={fieldError(save.error, "currency")}
            onChange={(currency) => currency && setDraft({ ...draft, currency })}
            hint="Totals are shown in it. Amounts in other currencies are converted with the rates of the ledger."
          />
          <Combobox
            label="Time zone"
            options={zones}
            disabled={!may}
            value={draft.time_zone}
            error={fieldError(save.error, "time_zone")}
            onChange={(time_zone) => time_zone && setDraft({ ...draft, time_zone })}
            hint="Days begin in it: a change moves numbers between days."
          />
          {save.error && !changed.some((field) => fieldError(save.error, field)) ? (
            <ProblemView title="Nothing was saved" error={save.error} />
          ) : null}
          {may ? (
            <Button type="submit" look="primary" busy={save.isPending} disabled={changed.length === 0}>
              Save settings
            </Button>
          ) : (
            <p>Your role can see these settings, but not change them.</p>
          )}
        </form>
      </Section>
      <KeepEvents />
      <KeptProperties />
      <Section title="Facts">
        <KeyFacts
          facts={[
            { name: "Short name", value: <code>{workspace.slug}</code> },
            { name: "Id", value: <code>{workspace.id}</code> },
            { name: "Created", value: <Moment at={workspace.created_at} look="day" /> },
          ]}
        />
      </Section>
    </>
  );
}
