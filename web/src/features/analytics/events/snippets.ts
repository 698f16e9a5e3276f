/** Code to copy that sends a first event, for each kind of source. */

export interface Snippet {
  id: "browser" | "node" | "python" | "curl";
  label: string;
  /** What to do with it, in a sentence. */
  text: string;
  /** A command to run first. */
  install?: string;
  code: string;
}

/** The snippets for a server at `origin` and a write key. */
export function snippetsFor(origin: string, key: string): Snippet[] {
  return [
    {
      id: "browser",
      label: "Website",
      text: "Put this before </head> on every page. It sends page views at once; sites that use Segment’s analytics.js can keep it and only change its host.",
      code: browser(origin, key),
    },
    {
      id: "node",
      label: "Node.js",
      text: "Segment’s own library, unchanged, with another host.",
      install: "npm install @segment/analytics-node",
      code: node(origin, key),
    },
    {
      id: "python",
      label: "Python",
      text: "Segment’s own library, unchanged, with another host.",
      install: "pip install segment-analytics-python",
      code: python(origin, key),
    },
    { id: "curl", label: "curl", text: "Any program that can send JSON over HTTP.", code: curl(origin, key) },
  ];
}

function browser(origin: string, key: string): string {
  return `<script async
  src="${origin}/mainspring.js"
  data-key="${key}"></script>`;
}

function node(origin: string, key: string): string {
  return `import { Analytics } from "@segment/analytics-node";

const analytics = new Analytics({ writeKey: "${key}", host: "${origin}" });

analytics.identify({ userId: "user-1", traits: { email: "ada@example.com" } });
analytics.track({ userId: "user-1", event: "Signed up", properties: { plan: "Team" } });
await analytics.closeAndFlush();`;
}

function python(origin: string, key: string): string {
  return `import segment.analytics as analytics

analytics.write_key = "${key}"
analytics.host = "${origin}"

analytics.identify("user-1", {"email": "ada@example.com"})
analytics.track("user-1", "Signed up", {"plan": "Team"})
analytics.flush()`;
}

function curl(origin: string, key: string): string {
  return `curl ${origin}/v1/track \\
  --user "${key}:" \\
  --header "Content-Type: application/json" \\
  --data '{"userId": "user-1", "event": "Signed up", "properties": {"plan": "Team"}}'`;
}
