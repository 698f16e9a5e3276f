import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { fieldError } from "#/api/problem.ts";
import { useSession } from "#/app/session.ts";
import { addDays, today } from "#/lib/dates.ts";
import { Button } from "#/ui/button.tsx";
import { Checkbox } from "#/ui/checkbox.tsx";
import { CodeBlock } from "#/ui/code-block.tsx";
import { Dialog } from "#/ui/dialog.tsx";
import { ProblemView } from "#/ui/problem-view.tsx";
import { Segmented } from "#/ui/segmented.tsx";
import { Select } from "#/ui/select.tsx";
import { TextInput } from "#/ui/text-input.tsx";
import { keepFreshKey } from "./fresh-key.ts";
import { permissionTitle } from "./permissions.ts";
import { useCreateKey } from "./queries.ts";
import styles from "./settings-page.module.css";

const LIFETIMES = [
  { value: "30", label: "In 30 days" },
  { value: "90", label: "In 90 days" },
  { value: "365", label: "In a year" },
  { value: "never", label: "Never" },
] as const;

/** Makes a key and shows its secret once. */
export function CreateKeyDialog({ open, onClose }: { open: boolean; onClose: () => void }) {
  const { permissions, workspace } = useSession();
  const create = useCreateKey();
  const [kind, setKind] = useState<"write" | "api">("write");
  const [name, setName] = useState("");
  const [chosen, setChosen] = useState<string[]>(() =>
    permissions.filter((permission) => permission.endsWith(".read")),
  );
  const [lifetime, setLifetime] = useState<(typeof LIFETIMES)[number]["value"]>("90");
  const close = () => {
    create.reset();
    setName("");
    onClose();
  };
  if (create.data) {
    const { key, secret } = create.data;
    return (
      <Dialog
        open={open}
        sealed
        onClose={close}
        title={`Created ${key.name}`}
        text="Copy the key now: it is stored as a hash and cannot be shown again."
        actions={
          <>
            {key.kind === "write" ? (
              <Link to="/connect" onClick={() => keepFreshKey(workspace.slug, { id: key.id, secret })}>
                Show how to send events with it
              </Link>
            ) : null}
            <Button look="primary" onClick={close}>
              Done
            </Button>
          </>
        }
      >
        <CodeBlock code={secret} label="key" wrap />
      </Dialog>
    );
  }
  const submit = () => {
    const expires = lifetime === "never" ? undefined : `${addDays(today(), Number(lifetime))}T00:00:00Z`;
    create.mutate(kind === "write" ? { kind, name } : { kind, name, permissions: chosen, expires_at: expires });
  };
  const error = create.error;
  return (
    <Dialog
      open={open}
      onClose={close}
      wide
      title="Create key"
      onSubmit={submit}
      actions={
        <>
          <Button onClick={close}>Cancel</Button>
          <Button
            type="submit"
            look="primary"
            busy={create.isPending}
            disabled={name.trim() === "" || (kind === "api" && chosen.length === 0)}
          >
            Create key
          </Button>
        </>
      }
    >
      {error && !fieldError(error, "name") ? <ProblemView title="No key was created" error={error} /> : null}
      <Segmented
        label="What it is for"
        value={kind}
        onChange={setKind}
        options={[
          { value: "write", label: "Sending events" },
          { value: "api", label: "Reading and changing" },
        ]}
      />
      <TextInput
        label="Name"
        value={name}
        onChange={setName}
        error={fieldError(error, "name")}
        hint={
          kind === "write" ? "Where it is used, for example “Website”." : "What uses it, for example “Nightly export”."
        }
      />
      {kind === "api" ? (
        <>
          <Select label="It expires" options={LIFETIMES} value={lifetime} onChange={setLifetime} />
          <fieldset className={styles.permissions}>
            <legend className={styles.legend}>It may</legend>
            {permissions.map((permission) => (
              <Checkbox
                key={permission}
                label={permissionTitle(permission)}
                checked={chosen.includes(permission)}
                onChange={(checked) =>
                  setChosen(checked ? [...chosen, permission] : chosen.filter((one) => one !== permission))
                }
              />
            ))}
          </fieldset>
        </>
      ) : null}
    </Dialog>
  );
}
