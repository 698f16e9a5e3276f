// Checks that every page has to pass: no violation of WCAG 2.2 AA, nothing in the console, no sideways scrolling.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
// Two landmarks of the same kind are told apart by their labels already; a dialog is no part of a landmark by design.
const OFF = { region: { enabled: false } };

/** Fails with the list of violations of the page as it stands. */
export async function accessible(page, where) {
  // Through the debugger, because the page's own policy forbids script from elsewhere.
  const session = await page.context().newCDPSession(page);
  const options = JSON.stringify({ runOnly: RULES, rules: OFF });
  const expression = `${axe};axe.run(document, ${options}).then((found) => JSON.stringify(found.violations))`;
  const answer = await session.send("Runtime.evaluate", { expression, awaitPromise: true, returnByValue: true });
  await session.detach();
  assert.ok(answer.result.value, `axe did not run on ${where}: ${JSON.stringify(answer.exceptionDetails ?? answer)}`);
  const violations = JSON.parse(answer.result.value).map(
    ({ id, nodes }) => `${id}: ${nodes.map((node) => node.target.join(" ")).join(", ")}`,
  );
  assert.deepEqual(violations, [], `accessibility of ${where}`);
}

/** Fails when the page is wider than its window. */
export async function fitsWindow(page, where) {
  const [wide, window] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
  assert.ok(wide <= window, `${where} is ${wide} px wide in a window of ${window} px`);
}

/** Collects what a page writes to the console; expected answers of the server (401, 422 …) are not counted. */
export function listenToConsole(page) {
  const said = [];
  page.on("pageerror", (error) => said.push(`error: ${error.message}`));
  page.on("console", (message) => {
    if (!["error", "warning"].includes(message.type())) return;
    if (/status of (401|403|404|409|422|429)/.test(message.text())) return;
    said.push(`${message.type()}: ${message.text()}`);
  });
  return said;
}
