import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { useMay, useSession } from "#/app/session.ts";
import { freshKey } from "#/features/platform/accounts/fresh-key.ts";
import { keysQuery } from "#/features/platform/accounts/queries.ts";
import { buttonClass } from "#/ui/button.tsx";
import { CodeBlock } from "#/ui/code-block.tsx";
import { Page } from "#/ui/page.tsx";
import { Section } from "#/ui/section.tsx";
import { Tabs } from "#/ui/tabs.tsx";
import styles from "./connect-page.module.css";
import { FirstEvent } from "./first-event.tsx";
import { type Snippet, snippetsFor } from "./snippets.ts";

const PLACEHOLDER = "YOUR_WRITE_KEY";

/** From nothing to the first event: a key, code to copy, and the event as it arrives. */
export function ConnectPage() {
  const { workspace } = useSession();
  const key = useMemo(() => freshKey(workspace.slug), [workspace.slug]);
  const [source, setSource] = useState<Snippet["id"]>("browser");
  const snippets = useMemo(() => snippetsFor(location.origin, key?.secret ?? PLACEHOLDER), [key]);
  return (
    <Page
      title="Connect a source"
      text="Send events from a website, an app or a server. SDKs made for Segment work unchanged."
    >
      <div className={styles.columns}>
        <div className={styles.stack}>
          {key ? (
            <Section
              title="Your write key"
              text="It can only send events. Copy it now: it is stored as a hash and shown once."
            >
              <CodeBlock code={key.secret} label="write key" wrap />
            </Section>
          ) : (
            <NoKey />
          )}
          <Section title="Send an event">
            <Tabs
              label="Kind of source"
              value={source}
              onChange={setSource}
              tabs={snippets.map((snippet) => ({
                value: snippet.id,
                label: snippet.label,
                content: (
                  <div className={styles.stack}>
                    <p className={styles.muted}>{snippet.text}</p>
                    {snippet.install ? (
                      <CodeBlock code={snippet.install} label={`install command for ${snippet.label}`} />
                    ) : null}
                    <CodeBlock code={snippet.code} label={`snippet for ${snippet.label}`} />
                  </div>
                ),
              }))}
            />
          </Section>
        </div>
        <FirstEvent secret={key?.secret} />
      </div>
    </Page>
  );
}

function NoKey() {
  const mayRead = useMay("keys.read");
  const mayWrite = useMay("keys.write");
  const keys = useQuery({ ...keysQuery, enabled: mayRead });
  const active = keys.data?.items.filter((one) => one.kind === "write" && !one.revoked_at) ?? [];
  const names = active.map((one) => `“${one.name}” (${one.prefix}…)`).join(", ");
  return (
    <Section title="Write key">
      <p className={styles.muted}>
        {active.length > 0
          ? `This workspace has ${names}. A key’s secret is shown only when it is made; use the one you kept, or create another.`
          : "A source needs a write key. Its secret is shown once, when the key is made."}
      </p>
      {mayWrite ? (
        <div>
          <Link to="/settings/keys" search={{ create: true }} className={buttonClass()}>
            Create write key
          </Link>
        </div>
      ) : (
        <p className={styles.muted}>Ask an owner or an automation specialist for one.</p>
      )}
    </Section>
  );
}
