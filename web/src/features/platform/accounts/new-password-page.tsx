import { useRouter } from "@tanstack/react-router";
import { useState } from "react";
import { fieldError } from "#/api/problem.ts";
import { Button } from "#/ui/button.tsx";
import { ProblemView } from "#/ui/problem-view.tsx";
import { TextInput } from "#/ui/text-input.tsx";
import styles from "./outside.module.css";
import { OutsideFrame } from "./outside-frame.tsx";
import { useChangePassword } from "./queries.ts";

/** Choosing a password in place of a one-time one, or of the old one. */
export function NewPasswordPage() {
  const router = useRouter();
  const change = useChangePassword();
  const [current, setCurrent] = useState("");
  const [next, setNext] = useState("");
  const submit = (event: React.FormEvent) => {
    event.preventDefault();
    const passwords = { current_password: current, new_password: next };
    change.mutate(passwords, { onSuccess: () => void router.navigate({ to: "/", replace: true }) });
  };
  const [currentError, nextError] = ["current_password", "new_password"].map((field) =>
    fieldError(change.error, field),
  );
  return (
    <OutsideFrame
      title="Choose a password"
      text="The password you signed in with works once. Choose your own to go on."
    >
      <form className={styles.form} onSubmit={submit}>
        {change.error && !currentError && !nextError ? (
          <ProblemView title="The password stays as it was" error={change.error} />
        ) : null}
        <TextInput
          label="Password you have now"
          type="password"
          autoComplete="current-password"
          required
          value={current}
          error={currentError}
          onChange={setCurrent}
        />
        <TextInput
          label="New password"
          type="password"
          autoComplete="new-password"
          required
          minLength={12}
          value={next}
          error={nextError}
          onChange={setNext}
          hint="At least 12 characters. A sentence is easier to remember than a puzzle."
        />
        <Button type="submit" look="primary" busy={change.isPending}>
          Save password
        </Button>
      </form>
    </OutsideFrame>
  );
}
