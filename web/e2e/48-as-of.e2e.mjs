// The director again: what did this number say an hour ago, and what has changed since?
import assert from "node:assert/strict";
import { accessible, fitsWindow } from "./checks.mjs";

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;
const HEADERS = { "Mainspring-Client": "web", "Mainspring-Workspace": "acme-soehne" };
const day = (ago) => new Date(Date.now() - ago * 24 * HOUR_MS).toISOString().slice(0, 10);

const SPEND = [
  "Date,Campaign,Channel,Source,Medium,Cost,Currency",
  `${day(0)},brand,Paid Search,google,cpc,250.50,EUR`,
  `${day(0)},nobody-came,Paid Search,google,cpc,49.50,EUR`,
].join("\n");

const spendOfTheWeek = (as_of) => ({
  metrics: ["spend"],
  dimensions: [],
  range: { from: day(6), to: day(0) },
  ...(as_of ? { as_of } : {}),
});

async function totalSpend({ page, url }) {
  const answer = await page.request.post(`${url}/api/v1/query`, { headers: HEADERS, data: spendOfTheWeek() });
  assert.ok(answer.ok(), await answer.text());
  return Number((await answer.json()).totals[0].value?.amount ?? 0);
}

/** What clocks in a zone show, as a field takes it. */
function wall(zone, time) {
  const options = { year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit" };
  const format = new Intl.DateTimeFormat("en", { ...options, hourCycle: "h23", timeZone: zone });
  const part = Object.fromEntries(format.formatToParts(time).map(({ type, value }) => [type, value]));
  return `${part.year}-${part.month}-${part.day}T${part.hour}:${part.minute}`;
}

const asked = (page) => new URL(page.url()).searchParams.get("as_of");
const row = (drawer, name) => drawer.getByRole("row").filter({ hasText: name }).getByRole("cell");

export const story = {
  async "there is spend, entered just now"(world) {
    const { page, url } = world;
    if ((await totalSpend(world)) === 300) return;
    await page.goto(`${url}/imports`);
    await page
      .getByLabel("File to import")
      .setInputFiles({ name: "spend.csv", mimeType: "text/csv", buffer: Buffer.from(SPEND) });
    await page.getByRole("button", { name: "Check file" }).click();
    await page.getByRole("button", { name: "Apply 2 changes" }).click();
    await page.getByText("applied", { exact: true }).waitFor();
    assert.equal(await totalSpend(world), 300);
  },

  async "a number opens as of now, and can be asked as of a moment"({ page, url, kept }) {
    await page.goto(`${url}/?from=${day(6)}&to=${day(0)}`);
    await page
      .getByRole("button", { name: /^Spend €/ })
      .filter({ hasText: "€300" })
      .click();
    const drawer = page.getByRole("dialog");
    await drawer.getByText("€300.00").first().waitFor();
    await drawer.getByRole("button", { name: "Ask as of a moment" }).click();
    const label = await drawer.getByText(/^As of \(/).textContent();
    kept.zone = /\((.+)\)/.exec(label)[1];
    const field = drawer.getByLabel(/^As of/);
    assert.equal(await field.evaluate((one) => one === document.activeElement), true, "it can be typed into at once");
    assert.equal((await field.getAttribute("max")).slice(0, 13), wall(kept.zone, Date.now()).slice(0, 13));
    await accessible(page, "a field for a moment");
  },

  async "an hour ago nothing was spent, and what has changed since is the ledger"({ page, kept }) {
    const drawer = page.getByRole("dialog");
    const field = drawer.getByLabel(/^As of/);
    const hourAgo = wall(kept.zone, Date.now() - HOUR_MS);
    await field.fill(hourAgo);
    assert.equal(asked(page), null, "nothing is asked before it is left");
    await field.press("Enter");
    await page.waitForURL(/as_of=/);
    kept.moment = asked(page);
    assert.ok(Math.abs(Date.parse(kept.moment) - (Date.now() - HOUR_MS)) < 3 * MINUTE_MS, kept.moment);
    const told = drawer.getByText(/^As known at /).first();
    await told.waitFor();
    assert.ok((await told.textContent()).endsWith(`(${kept.zone})`), "its zone is that of the field");
    await drawer.getByText("Spend = €0.00").waitFor();
    await drawer.getByText("No event yet").waitFor();
    await drawer.getByRole("heading", { name: "What has changed since" }).waitFor();
    await row(drawer, "Entries and corrections of the ledger since").getByText("+€300.00").waitFor();
    assert.equal(await row(drawer, "As known at").textContent(), "€0.00");
    assert.equal(await row(drawer, "Events received later").textContent(), "€0.00");
    assert.equal(await row(drawer, "As known now").textContent(), "€300.00");
    await accessible(page, "a number as of a moment");
    await page.emulateMedia({ colorScheme: "dark", reducedMotion: "reduce" });
    await accessible(page, "a number as of a moment, dark");
    await page.emulateMedia({ colorScheme: "light", reducedMotion: "reduce" });
    for (const width of [1024, 768, 480]) {
      await page.setViewportSize({ width, height: 900 });
      await fitsWindow(page, `a number as of a moment at ${width}`);
      const wide = await drawer.evaluate((one) => one.scrollWidth - one.clientWidth);
      assert.ok(wide <= 0, `the drawer is ${wide} px too narrow in a window of ${width} px`);
    }
    await page.setViewportSize({ width: 1440, height: 900 });
  },

  async "the moment stands in the address"({ page, kept }) {
    await page.reload();
    const drawer = page.getByRole("dialog");
    await drawer.getByText("Spend = €0.00").waitFor();
    assert.equal(asked(page), kept.moment);
    const expected = wall(kept.zone, Date.parse(kept.moment));
    assert.equal(await drawer.getByLabel(/^As of/).inputValue(), expected);
  },

  async "a moment to come is refused beside its field, and by the server"({ page, url, kept }) {
    const drawer = page.getByRole("dialog");
    const field = drawer.getByLabel(/^As of/);
    await field.fill(wall(kept.zone, Date.now() + 2 * HOUR_MS));
    await field.press("Enter");
    await drawer.getByRole("alert").getByText("This moment is still to come.", { exact: false }).waitFor();
    assert.equal(await field.getAttribute("aria-invalid"), "true");
    assert.equal(asked(page), kept.moment, "what was asked stays");
    await accessible(page, "a moment that is refused");
    const query = spendOfTheWeek(new Date(Date.now() + 2 * HOUR_MS).toISOString());
    for (const [path, data] of [
      ["query", query],
      ["query/bridge", query],
      ["query/drill", { query, metric: "spend" }],
    ]) {
      const answer = await page.request.post(`${url}/api/v1/${path}`, { headers: HEADERS, data });
      const { field: named, message } = await answer.json();
      assert.deepEqual([answer.status(), named], [422, "as_of"], `${path}: ${message}`);
    }
  },

  async "a part that is emptied asks for nothing, and without a moment it is as of now again"({ page, kept }) {
    const drawer = page.getByRole("dialog");
    const field = drawer.getByLabel(/^As of/);
    await field.fill(wall(kept.zone, Date.parse(kept.moment)));
    await field.press("Home");
    await field.press("Backspace");
    assert.deepEqual(await field.evaluate((one) => [one.value, one.validity.badInput]), ["", true]);
    await drawer.getByRole("button", { name: "Close" }).focus();
    assert.equal(asked(page), kept.moment);
    await field.waitFor();
    await field.fill("");
    await field.press("Enter");
    await drawer.getByText("Spend = €300.00").waitFor();
    assert.equal(asked(page), null);
    assert.equal(await drawer.getByText(/^As known at /).count(), 0);
    await drawer.getByRole("button", { name: "Close" }).focus();
    await drawer.getByRole("button", { name: "Ask as of a moment" }).waitFor();
  },

  async "another number opens as of now"({ page, kept }) {
    const drawer = page.getByRole("dialog");
    await drawer.getByRole("button", { name: "Ask as of a moment" }).click();
    await drawer.getByLabel(/^As of/).fill(wall(kept.zone, Date.now() - HOUR_MS));
    await drawer.getByRole("button", { name: "Close" }).focus();
    await page.waitForURL(/as_of=/);
    await drawer.getByText("Spend = €0.00").waitFor();
    await page.keyboard.press("Escape");
    await drawer.waitFor({ state: "detached" });
    assert.equal(asked(page), null);
    await page
      .getByRole("button", { name: /^Spend €/ })
      .filter({ hasText: "€300" })
      .click();
    await drawer.getByText("Spend = €300.00").waitFor();
    await page.keyboard.press("Escape");
    await drawer.waitFor({ state: "detached" });
  },
};
