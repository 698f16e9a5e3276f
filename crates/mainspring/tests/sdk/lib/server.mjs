// The real program on a fresh data folder, and questions to it.
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, openSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer } from "node:net";

const BINARY = process.env.MAINSPRING_BIN;
if (!BINARY) throw new Error("MAINSPRING_BIN names the program to test");

const freePort = () =>
  new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });

/** Waits until `check` gives something; the last failure is the error when it never does. */
export async function until(check, what, milliseconds = 60_000) {
  const end = Date.now() + milliseconds;
  let last;
  for (;;) {
    try {
      const found = await check();
      if (found) return found;
    } catch (error) {
      last = error;
    }
    if (Date.now() > end) throw new Error(`${what} did not happen in ${milliseconds} ms${last ? `: ${last.message}` : ""}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

export async function startServer() {
  const folder = mkdtempSync(join(tmpdir(), "mainspring-sdk-"));
  const data = join(folder, "data");
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("MAINSPRING_")));
  const made = spawnSync(BINARY, ["init", "--owner", "owner@example.org", "--json", "--data", data], { env, encoding: "utf8" });
  if (made.status !== 0) throw new Error(`init failed: ${made.stderr}`);
  const keys = JSON.parse(made.stdout);
  const port = await freePort();
  const log = openSync(join(folder, "server.log"), "a");
  const child = spawn(BINARY, ["serve", "--data", data, "--listen", `127.0.0.1:${port}`], { env, stdio: ["ignore", log, log] });
  let ended = false;
  child.once("exit", () => { ended = true; });
  const url = `http://127.0.0.1:${port}`;
  const api = async (path, body) => {
    const response = await fetch(`${url}/api/v1${path}`, {
      method: body ? "POST" : "GET",
      headers: { authorization: `Bearer ${keys.api_key}`, ...(body && { "content-type": "application/json" }) },
      body: body && JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return response.json();
  };
  await until(async () => {
    if (ended) throw new Error(`the server ended; its log is ${join(folder, "server.log")}`);
    return (await fetch(`${url}/readyz`)).ok;
  }, "the start of the server");
  return {
    url,
    port,
    writeKey: keys.write_key,
    api,
    /** Every fate that has been seen, newest first. */
    async fates(filter = "") {
      const all = [];
      let cursor = "";
      do {
        const page = await api(`/events?limit=500${filter}${cursor && `&cursor=${cursor}`}`);
        all.push(...page.items);
        cursor = page.next_cursor ?? "";
      } while (cursor);
      return all;
    },
    /** The stored events of a message-id or a marker in their name or properties. */
    detail: (offset) => api(`/events/${offset}`),
    async stop() {
      if (!ended) {
        const gone = new Promise((resolve) => child.once("exit", resolve));
        child.kill("SIGTERM");
        await gone;
      }
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
