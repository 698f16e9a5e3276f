// The unmodified SDKs, each making the same five calls.
import { createRequire } from "node:module";
import { spawn, spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { chromium } from "playwright-core";

const require = createRequire(import.meta.url);
const here = (path) => new URL(`../${path}`, import.meta.url);

const calls = (client, user) => {
  client.identify({ userId: user, traits: { email: `${user}@example.org`, name: "Ada" } });
  client.track({ userId: user, event: "Order placed", properties: { revenue: 49.5, currency: "EUR" } });
  client.page({ userId: user, name: "Pricing", properties: { url: "https://acme.example/pricing", path: "/pricing" } });
  client.group({ userId: user, groupId: `${user}-company`, traits: { name: "Acme" } });
  client.alias({ previousId: user, userId: `${user}-new` });
};

export async function segmentNode(url, writeKey, user) {
  const { Analytics } = require("@segment/analytics-node");
  const client = new Analytics({ host: url, writeKey, flushAt: 2, flushInterval: 200, maxRetries: 15, httpRequestTimeout: 5000 });
  const errors = [];
  client.on("error", (error) => errors.push(error));
  calls(client, user);
  await client.closeAndFlush({ timeout: 80_000 });
  if (errors.length) throw new Error(`analytics-node gave up: ${JSON.stringify(errors[0]?.reason?.message ?? errors[0])}`);
}

export async function rudderNode(url, writeKey, user) {
  const RudderAnalytics = require("@rudderstack/rudder-sdk-node");
  const client = new RudderAnalytics(writeKey, { dataPlaneUrl: url, flushAt: 2, flushInterval: 200, retryCount: 15 });
  calls(client, user);
  await client.flush();
}

/** A virtual environment beside the tests, made once, with the locked versions. */
function python() {
  const folder = here(".venv/");
  const binary = new URL("bin/python", folder).pathname;
  const marker = new URL("ready", folder);
  const wanted = readFileSync(here("requirements.txt"), "utf8");
  if (existsSync(marker) && readFileSync(marker, "utf8") === wanted) return binary;
  const run = (command, args) => {
    const done = spawnSync(command, args, { encoding: "utf8" });
    if (done.status !== 0) throw new Error(`${command} ${args.join(" ")}: ${done.stderr ?? done.error}`);
  };
  run("python3", ["-m", "venv", folder.pathname]);
  run(binary, ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", here("requirements.txt").pathname]);
  require("node:fs").writeFileSync(marker, wanted);
  return binary;
}

export async function segmentPython(url, writeKey, user) {
  const child = spawn(python(), [here("calls.py").pathname, url, writeKey, user], { stdio: ["ignore", "inherit", "pipe"] });
  let errors = "";
  child.stderr.on("data", (chunk) => { errors += chunk; });
  const code = await new Promise((resolve) => child.once("exit", resolve));
  if (code !== 0) throw new Error(`segment-analytics-python ended with ${code}: ${errors.slice(-2000)}`);
}

/** A site of one page that loads the SDK, and a browser that opens it. */
async function inBrowser(html, files, act) {
  const site = createServer((request, response) => {
    const path = new URL(request.url, "http://site").pathname;
    const file = files[path];
    if (file) return response.writeHead(200, { "content-type": "text/javascript" }).end(readFileSync(file));
    // Only the site's pages have the page's text; a file that is clicked on is none.
    if (path.endsWith(".pdf")) return response.writeHead(204).end();
    response.writeHead(200, { "content-type": "text/html" }).end(html);
  });
  await new Promise((resolve) => site.listen(0, "127.0.0.1", resolve));
  const origin = `http://127.0.0.1:${site.address().port}`;
  const executablePath = process.env.CHROMIUM || "/usr/bin/chromium";
  // Without this switch the browser says of itself that a program drives it, and its events are kept apart as a bot's.
  const args = ["--no-sandbox", "--disable-blink-features=AutomationControlled"];
  const browser = await chromium.launch({ executablePath, args });
  try {
    const context = await browser.newContext({
      userAgent: "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36",
      timezoneId: "Europe/Berlin",
      locale: "de-DE",
    });
    const page = await context.newPage();
    const problems = [];
    page.on("pageerror", (error) => problems.push(error.message));
    await act(page, origin, context).catch((error) => {
      throw problems.length ? new Error(`the page failed: ${problems[0]}`, { cause: error }) : error;
    });
    if (problems.length) throw new Error(`the page failed: ${problems[0]}`);
  } finally {
    await browser.close();
    await new Promise((resolve) => { site.closeAllConnections(); site.close(resolve); });
  }
}

export async function segmentBrowser(url, writeKey, user, done, batching = false) {
  const umd = require.resolve("@segment/analytics-next/package.json").replace("package.json", "dist/umd/standalone.js");
  const chunks = require("node:fs").readdirSync(umd.replace("standalone.js", ""));
  const files = Object.fromEntries(chunks.map((name) => [`/${name}`, umd.replace("standalone.js", name)]));
  const strategy = batching ? `,{integrations:{"Segment.io":{deliveryStrategy:{strategy:"batching",config:{size:3,timeout:300}}}}}` : "";
  const html = `<!doctype html><title>Acme</title><link rel="icon" href="data:,"><script>
    var analytics = window.analytics = [];
    analytics.methods = ["identify", "track", "page", "group", "alias", "ready"];
    analytics.factory = (name) => (...args) => { analytics.push([name, ...args]); return analytics; };
    analytics.methods.forEach((name) => { analytics[name] = analytics.factory(name); });
    analytics._writeKey = ${JSON.stringify(writeKey)};
    analytics._cdn = ${JSON.stringify(url)};
    analytics._loadOptions = ${batching ? strategy.slice(1) : "{}"};
    analytics.load = () => {};
    </script><script src="/standalone.js" data-global-segment-analytics-key="analytics"></script>`;
  await inBrowser(html, files, async (page, origin) => {
    await page.goto(`${origin}/pricing?utm_source=newsletter&utm_medium=email&utm_campaign=Spring`);
    await page.evaluate((user) => {
      const { analytics } = window;
      analytics.identify(user, { email: `${user}@example.org` });
      analytics.track("Order placed", { revenue: 49.5, currency: "EUR" });
      analytics.page("Pricing");
      analytics.group(`${user}-company`, { name: "Acme" });
      analytics.alias(`${user}-new`, user);
    }, user);
    await done();
  });
}

export async function ownSnippet(url, writeKey, act, options = "") {
  const html = `<!doctype html><title>Acme</title><link rel="icon" href="data:,">
    <script>window.mainspring = window.mainspring || [];</script>
    <script async src="${url}/mainspring.js" data-key="${writeKey}" ${options}></script>
    <main style="height:3000px"><a id="out" href="https://partner.example/x" target="_blank">Partner</a>
    <a id="file" href="/price-list.pdf" target="_blank">Prices</a>
    <form id="contact" action="/sent" target="_blank"><input name="email"><button>Send</button></form></main>`;
  await inBrowser(html, {}, act);
}
