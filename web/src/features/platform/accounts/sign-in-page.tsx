import { getRouteApi, useRouter } from "@tanstack/react-router";
import { useState } from "react";
import { asProblem } from "#/api/problem.ts";
import { stripWorkspace } from "#/app/workspace.ts";
import { Button } from "#/ui/button.tsx";
import { ProblemView } from "#/ui/problem-view.tsx";
import { TextInput } from "#/ui/text-input.tsx";
import styles from "./outside.module.css";
import { OutsideFrame } from "./outside-frame.tsx";
import { useSignIn } from "./queries.ts";

const route = getRouteApi("/sign-in");

/** Signing in. */
export function SignInPage() {
  const { next } = route.useSearch();
  const router = useRouter();
  const signIn = useSignIn();
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const submit = (event: React.FormEvent) => {
    event.preventDefault();
    signIn.mutate({ email, password }, { onSuccess: () => void router.navigate(target(next)) });
  };
  const problem = signIn.error ? asProblem(signIn.error) : undefined;
  return (
    <OutsideFrame title="Sign in" text="Use the address and the password of your account.">
      <form className={styles.form} onSubmit={submit}>
        {problem ? (
          <ProblemView
            title={problem.status === 401 ? "The address or the password is not right" : "You could not be signed in"}
            error={problem}
          />
        ) : null}
        <TextInput
          label="Email"
          type="email"
          name="email"
          autoComplete="username"
          required
          autoFocus
          value={email}
          onChange={setEmail}
        />
        <TextInput
          label="Password"
          type="password"
          name="password"
          autoComplete="current-password"
          required
          value={password}
          onChange={setPassword}
          hint="Forgotten? Somebody with access to the server makes a new one with: mainspring user reset-password EMAIL"
        />
        <Button type="submit" look="primary" busy={signIn.isPending}>
          Sign in
        </Button>
      </form>
    </OutsideFrame>
  );
}

/** Where to go after signing in: back to the page that asked for it, never to another site. */
function target(next: string | undefined) {
  const url = stripWorkspace(new URL(next?.startsWith("/") && !next.startsWith("//") ? next : "/", location.origin));
  return { to: url.pathname as "/", search: Object.fromEntries(url.searchParams), replace: true };
}
