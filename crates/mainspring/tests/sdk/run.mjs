// Unmodified SDKs deliver to the real program, through a network that fails; each event is stored exactly once.
//   MAINSPRING_BIN=…/mainspring CHROMIUM=/usr/bin/chromium npm run e2e
import assert from "node:assert/strict";
import { FAULTS, startProxy } from "./lib/proxy.mjs";
import { startServer, until } from "./lib/server.mjs";
import { expectEachOnce } from "./lib/expect.mjs";
import { ownSnippet, rudderNode, segmentBrowser, segmentNode, segmentPython } from "./lib/sdks.mjs";

const server = await startServer();
let passed = 0;
let failed = 0;
const wanted = process.argv.slice(2);

async function test(name, run) {
  if (wanted.length && !wanted.some((word) => name.includes(word))) return;
  const started = Date.now();
  try {
    await run();
    passed += 1;
    console.log(`ok      ${name} (${Date.now() - started} ms)`);
  } catch (error) {
    failed += 1;
    console.log(`FAILED  ${name}\n${error.stack}`);
  }
}

/** Runs an SDK through a proxy with these faults, all of which it must meet. */
async function through(faults, user, run) {
  const proxy = await startProxy(server.url, faults);
  try {
    await run(proxy.url, proxy);
    const fates = await expectEachOnce(server, user);
    assert.equal(proxy.left(), 0, `every fault is met; met: ${proxy.met.join(", ")}`);
    return fates;
  } finally {
    await proxy.stop();
  }
}

const servers = [
  ["@segment/analytics-node", segmentNode, FAULTS],
  ["segment-analytics-python", segmentPython, FAULTS],
  ["@rudderstack/rudder-sdk-node", rudderNode, FAULTS],
];
for (const [name, run, faults] of servers) {
  const user = name.replaceAll(/\W/g, "");
  await test(`${name} delivers each call once`, () => through([], `${user}-calm`, (url) => run(url, server.writeKey, `${user}-calm`)));
  await test(`${name} delivers each call once through ${faults.join(", ")}`, () =>
    through(faults, `${user}-storm`, (url) => run(url, server.writeKey, `${user}-storm`)));
}

for (const [name, batching] of [["@segment/analytics-next", false], ["@segment/analytics-next in batches", true]]) {
  const user = `next${batching ? "batch" : ""}`;
  const run = (who) => (url) => segmentBrowser(url, server.writeKey, who, () => expectEachOnce(server, who), batching);
  await test(`${name} in Chromium delivers each call once`, async () => {
    const fates = await through([], `${user}-calm`, run(`${user}-calm`));
    const page = fates.find((fate) => fate.kind === "page");
    assert.equal(page.channel, "Email");
    assert.equal(page.agent_class, "human");
  });
  await test(`${name} in Chromium delivers each call once through faults`, () =>
    through(["429", "500", "reset", "lost"], `${user}-storm`, run(`${user}-storm`)));
}

await test("the own snippet sees pages, links, files, forms and the end of a page, through faults", async () => {
  const proxy = await startProxy(server.url, ["500", "lost"]);
  const named = async () => (await server.fates()).filter((fate) => fate.library.startsWith("mainspring.js"));
  const count = async (name) => (await named()).filter((fate) => fate.name === name && fate.status !== "duplicate").length;
  await ownSnippet(proxy.url, server.writeKey, async (page, origin) => {
    await page.goto(`${origin}/?utm_source=LinkedIn&utm_medium=paid_social&li_fat_id=x1`);
    await page.waitForFunction(() => window.mainspring.version);
    await page.evaluate(() => history.pushState({}, "", "/pricing"));
    await page.click("#out");
    await page.click("#file");
    await page.evaluate(() => document.querySelector("#contact").addEventListener("submit", (event) => event.preventDefault()));
    await page.click("#contact button");
    await page.evaluate(() => window.scrollTo(0, 3000));
    await page.evaluate(() => {
      window.mainspring.identify("own-1", { email: "own-1@example.org" });
      window.mainspring.group("own-company", { name: "Own" });
      window.mainspring.track("Order placed", { revenue: 5 });
    });
    await until(async () => (await count("Order placed")) === 1, "the order", 30_000);
    await page.evaluate(() => window.mainspring.track("Left"));
    await page.goto("about:blank");
    await until(async () => (await count("Left")) === 1, "the beacon");
  });
  await proxy.stop();
  const fates = (await named()).filter((fate) => fate.status !== "duplicate");
  const names = fates.map((fate) => fate.name).sort();
  assert.deepEqual(names, [
    "File downloaded", "Form submitted", "Grouped", "Identified", "Left", "Order placed", "Outbound link clicked", "Page viewed",
    "Page viewed", "Scrolled",
  ]);
  assert.ok(fates.every((fate) => fate.agent_class === "human"));
  assert.ok(fates.every((fate) => fate.channel === "Paid Social"), "the marks of the landing hold for the visit");
  assert.equal(new Set(fates.map((fate) => fate.anonymous_id)).size, 1);
});

await test("the own snippet stores nothing without consent, and honours GPC", async () => {
  await ownSnippet(server.url, server.writeKey, async (page, origin, context) => {
    await context.addInitScript(() => Object.defineProperty(navigator, "globalPrivacyControl", { value: true }));
    await page.goto(`${origin}/?gclid=g1`);
    await page.waitForFunction(() => window.mainspring.version);
    const stored = () => page.evaluate(() => document.cookie + Object.keys(localStorage) + Object.keys(sessionStorage));
    assert.equal(await stored(), "");
    await page.evaluate(() => window.mainspring.track("Before"));
    await page.evaluate(() => window.mainspring.consent({ analytics: true }));
    assert.match(await stored(), /ms_id/);
    const found = await until(async () => {
      const fates = await server.fates("&name=Consent");
      return fates[0];
    }, "the consent");
    const detail = await server.detail(found.offset);
    assert.equal(detail.columns.consent, "gpc advertising=no analytics=yes");
  }, 'data-consent="required"');
});

await server.stop();
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);
