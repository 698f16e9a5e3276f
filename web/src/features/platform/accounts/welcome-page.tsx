import { useRouter } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { fieldError } from "#/api/problem.ts";
import { Button } from "#/ui/button.tsx";
import { Combobox } from "#/ui/combobox.tsx";
import { ProblemView } from "#/ui/problem-view.tsx";
import { TextInput } from "#/ui/text-input.tsx";
import styles from "./outside.module.css";
import { OutsideFrame } from "./outside-frame.tsx";
import { browserCurrency, browserZone, currencyOptions, zoneOptions } from "./places-of-world.ts";
import { type NewOwner, useSetUp } from "./queries.ts";

const PASSWORD_CHARS_MIN = 12;
const FIELDS = ["name", "email", "password", "workspace_name", "currency", "time_zone"];

/** The first page of a fresh installation: an owner and a workspace. */
export function WelcomePage() {
  const router = useRouter();
  const setUp = useSetUp();
  const currencies = useMemo(currencyOptions, []);
  const zones = useMemo(zoneOptions, []);
  const [owner, setOwner] = useState<NewOwner>({
    name: "",
    email: "",
    password: "",
    workspace_name: "",
    currency: browserCurrency(),
    time_zone: browserZone(),
  });
  const change = (part: Partial<NewOwner>) => setOwner((before) => ({ ...before, ...part }));
  const error = (field: string) => fieldError(setUp.error, field);
  const elsewhere = setUp.error && !FIELDS.some((field) => error(field));
  const submit = (event: React.FormEvent) => {
    event.preventDefault();
    setUp.mutate(owner, { onSuccess: () => void router.navigate({ to: "/connect", replace: true }) });
  };
  return (
    <OutsideFrame
      title="Set up Mainspring"
      text="Create the owner and the first workspace. Everything stays on this server; nothing is sent anywhere else."
    >
      <form className={styles.form} onSubmit={submit}>
        {elsewhere ? <ProblemView title="Nothing was created" error={setUp.error} /> : null}
        <TextInput
          label="Your name"
          name="name"
          autoComplete="name"
          required
          autoFocus
          value={owner.name}
          error={error("name")}
          onChange={(name) => change({ name })}
        />
        <TextInput
          label="Email"
          type="email"
          name="email"
          autoComplete="username"
          required
          value={owner.email}
          error={error("email")}
          onChange={(email) => change({ email })}
        />
        <TextInput
          label="Password"
          type="password"
          name="password"
          autoComplete="new-password"
          required
          minLength={PASSWORD_CHARS_MIN}
          value={owner.password}
          error={error("password")}
          onChange={(password) => change({ password })}
          hint={`At least ${PASSWORD_CHARS_MIN} characters. A sentence is easier to remember than a puzzle.`}
        />
        <hr className={styles.divider} />
        <TextInput
          label="Workspace"
          name="organization"
          autoComplete="organization"
          required
          value={owner.workspace_name}
          error={error("workspace_name")}
          onChange={(workspace_name) => change({ workspace_name })}
          hint="A brand, a client or a business unit. You can create more later."
        />
        <div className={styles.pair}>
          <Combobox
            label="Currency"
            options={currencies}
            value={owner.currency}
            error={error("currency")}
            onChange={(currency) => currency && change({ currency })}
            hint="Totals are shown in it."
          />
          <Combobox
            label="Time zone"
            options={zones}
            value={owner.time_zone}
            error={error("time_zone")}
            onChange={(time_zone) => time_zone && change({ time_zone })}
            hint="Days begin in it."
          />
        </div>
        <Button type="submit" look="primary" busy={setUp.isPending}>
          Create owner and workspace
        </Button>
      </form>
    </OutsideFrame>
  );
}
