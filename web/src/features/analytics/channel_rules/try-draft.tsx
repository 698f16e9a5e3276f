import { useState } from "react";
import { ExplanationView } from "#/features/analytics/channels/explanation-view.tsx";
import { Button } from "#/ui/button.tsx";
import { KeyFacts } from "#/ui/key-facts.tsx";
import { ProblemView } from "#/ui/problem-view.tsx";
import { Section } from "#/ui/section.tsx";
import { TextInput } from "#/ui/text-input.tsx";
import { CLASS_NAMES, readyToSend } from "./model.ts";
import { type RuleBook, useTryDraft } from "./queries.ts";
import styles from "./rules.module.css";

/** Tries the draft on one visit: which rule decides, which earlier ones failed and why. */
export function TryDraft({ draft }: { draft: RuleBook }) {
  const attempt = useTryDraft();
  const [example, setExample] = useState({ url: "", referrer: "", user_agent: "" });
  const submit = (event: React.FormEvent) => {
    event.preventDefault();
    attempt.mutate({ ...example, rules: readyToSend(draft) });
  };
  const isEmpty = Object.values(example).every((text) => text.trim() === "");
  const found = attempt.data;
  return (
    <Section title="Try an example" text="With the rules as they stand above, saved or not. Nothing is stored.">
      <form className={styles.form} onSubmit={submit}>
        <TextInput
          label="Address of the page"
          value={example.url}
          onChange={(url) => setExample({ ...example, url })}
          placeholder="https://example.com/pricing?utm_source=newsletter&utm_medium=email"
        />
        <TextInput
          label="Page before"
          optional
          value={example.referrer}
          onChange={(referrer) => setExample({ ...example, referrer })}
        />
        <TextInput
          label="User agent"
          optional
          value={example.user_agent}
          onChange={(user_agent) => setExample({ ...example, user_agent })}
        />
        <Button type="submit" busy={attempt.isPending} disabled={isEmpty}>
          Try example
        </Button>
      </form>
      {attempt.error ? <ProblemView title="The example could not be tried" error={attempt.error} /> : null}
      {found ? (
        <div className={styles.stack} aria-live="polite">
          <KeyFacts
            facts={[
              { name: "Source", value: found.source },
              { name: "Medium", value: found.medium },
              { name: "Campaign", value: found.campaign },
              {
                name: "Visitor",
                value: found.visitor
                  ? `${CLASS_NAMES[found.visitor.class] ?? found.visitor.class}: ${found.visitor.reason}`
                  : "",
              },
            ]}
          />
          <ExplanationView explanation={found.explanation} />
        </div>
      ) : null}
    </Section>
  );
}
