import { getRouteApi } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { Button } from "#/ui/button.tsx";
import { KeyFacts } from "#/ui/key-facts.tsx";
import { Page } from "#/ui/page.tsx";
import { ProblemView } from "#/ui/problem-view.tsx";
import { Section } from "#/ui/section.tsx";
import { TextInput } from "#/ui/text-input.tsx";
import styles from "./explanation.module.css";
import { ExplanationView } from "./explanation-view.tsx";
import { type ChannelAnswer, useExplainChannel } from "./queries.ts";

const route = getRouteApi("/shell/channels");

const BASES: Record<ChannelAnswer["basis"], string> = {
  utm: "the UTM parameters of the address",
  click_id: "a click id in the address",
  referrer: "the page before",
  none: "nothing: the visit is direct",
};

/** Try a link before it is used: which channel will its visits have, and why. */
export function ChannelsPage() {
  const asked = route.useSearch();
  const navigate = route.useNavigate();
  const explain = useExplainChannel();
  const [url, setUrl] = useState(asked.url ?? "");
  const [referrer, setReferrer] = useState(asked.referrer ?? "");
  const { mutate } = explain;
  useEffect(() => {
    if (asked.url || asked.referrer) mutate({ url: asked.url ?? "", referrer: asked.referrer ?? "" });
  }, [asked.url, asked.referrer, mutate]);
  const submit = (event: React.FormEvent) => {
    event.preventDefault();
    void navigate({ search: { url: url.trim() || undefined, referrer: referrer.trim() || undefined } });
  };
  const answer = explain.data;
  return (
    <Page title="Explain a channel" text="Paste a link as it will be used. Nothing is stored.">
      <form className={styles.form} onSubmit={submit}>
        <TextInput
          label="Address of the page"
          type="url"
          value={url}
          onChange={setUrl}
          placeholder="https://example.com/pricing?utm_source=newsletter&utm_medium=email"
        />
        <TextInput
          label="Page before"
          optional
          type="url"
          value={referrer}
          onChange={setReferrer}
          placeholder="https://www.google.com/"
        />
        <Button
          type="submit"
          look="primary"
          busy={explain.isPending}
          disabled={url.trim() === "" && referrer.trim() === ""}
        >
          Explain channel
        </Button>
      </form>
      {explain.error ? <ProblemView title="The channel could not be explained" error={explain.error} /> : null}
      {answer ? (
        <>
          <Section title="Where the visit came from">
            <KeyFacts
              facts={[
                { name: "Source", value: answer.source },
                { name: "Medium", value: answer.medium },
                { name: "Campaign", value: answer.campaign },
                { name: "Click id", value: answer.click_id_kind },
                { name: "Decided by", value: BASES[answer.basis] },
              ]}
            />
          </Section>
          <Section title="Why it has its channel">
            <ExplanationView explanation={answer.explanation} />
          </Section>
        </>
      ) : null}
    </Page>
  );
}
