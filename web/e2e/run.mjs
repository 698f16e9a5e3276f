// Runs the stories in a real browser against the real program, one after the other: each goes on where the one before
// stopped. `npm run e2e -- word` runs only the stories whose file name has the word (those need the first one too).
import { mkdirSync, readdirSync } from "node:fs";
import { chromium } from "playwright-core";
import { listenToConsole } from "./checks.mjs";
import { startServer } from "./server.mjs";

const WAIT_MS = 15_000;
const here = new URL("./", import.meta.url);
const words = process.argv.slice(2);
const all = readdirSync(here)
  .filter((name) => name.endsWith(".e2e.mjs"))
  .sort();
const wanted = all.filter(
  (name, place) => place === 0 || words.length === 0 || words.some((word) => name.includes(word)),
);

let passed = 0;
let failed = 0;
const server = await startServer();
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-dev-shm-usage"],
});
try {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, reducedMotion: "reduce" });
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  context.setDefaultTimeout(WAIT_MS);
  const page = await context.newPage();
  const said = listenToConsole(page);
  const world = { server, url: server.url, browser, context, page, said, kept: {} };
  for (const name of wanted) {
    const { story } = await import(new URL(name, here));
    const steps = Object.entries(story);
    for (const [place, [title, test]] of steps.entries()) {
      if (await runOne(`${name.replace(".e2e.mjs", "")}: ${title}`, test, world)) continue;
      // What follows in this story stands on the step that failed.
      failed += steps.length - place - 1;
      for (const [left] of steps.slice(place + 1)) console.log(`FAIL ${left}: not reached`);
      break;
    }
  }
} finally {
  await browser.close();
  await server.stop();
}
console.log(`\n${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;

async function runOne(title, test, world) {
  const start = performance.now();
  world.said.length = 0;
  try {
    await test(world);
    if (world.said.length > 0) throw new Error(`the console was not silent:\n  ${world.said.join("\n  ")}`);
    passed += 1;
    console.log(`ok   ${title} (${Math.round(performance.now() - start)} ms)`);
    return true;
  } catch (error) {
    failed += 1;
    console.log(`FAIL ${title}\n${error.stack ?? error}`);
    if (process.env.E2E_SCREENSHOTS) {
      mkdirSync(process.env.E2E_SCREENSHOTS, { recursive: true });
      const file = `${process.env.E2E_SCREENSHOTS}/${title.replaceAll(/\W+/g, "-")}.png`;
      await world.page.screenshot({ path: file }).catch(() => undefined);
    } else if (world.server.log()) {
      console.log(world.server.log().split("\n").slice(-5).join("\n"));
    }
  }
  return false;
}
