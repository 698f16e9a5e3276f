// The director: what was spent, what it brought, and every number down to its rows.
import assert from "node:assert/strict";
import { accessible, fitsWindow } from "./checks.mjs";

const DAY_MS = 86_400_000;
const dayAgo = (days) => new Date(Date.now() - days * DAY_MS).toISOString().slice(0, 10);

/** Ten visitors who came by a paid click, and were then identified. */
function visits() {
  return Array.from({ length: 10 }, (_, at) => {
    const address = `https://acme.example/pricing?utm_source=google&utm_medium=cpc&utm_campaign=brand`;
    const context = {
      page: { url: address, path: "/pricing" },
      userAgent: "Mozilla/5.0 (X11; Linux x86_64) Chrome/140.0 Safari/537.36",
    };
    const timestamp = new Date(Date.now() - at * 60_000).toISOString();
    return [
      {
        type: "page",
        messageId: `visit-${at}`,
        anonymousId: `visitor-${at}`,
        timestamp,
        properties: { url: address },
        context,
      },
      {
        type: "identify",
        messageId: `known-${at}`,
        anonymousId: `visitor-${at}`,
        userId: `lead-${at}`,
        timestamp,
        traits: { email: `lead${at}@kunde${at}.example` },
      },
    ];
  }).flat();
}

const SPEND = [
  "Date,Campaign,Channel,Source,Medium,Cost,Currency",
  `${dayAgo(0)},brand,Paid Search,google,cpc,250.50,EUR`,
  `${dayAgo(0)},nobody-came,Paid Search,google,cpc,49.50,EUR`,
].join("\n");

export const story = {
  async "events and spend come in"({ page, url, kept }) {
    const response = await fetch(`${url}/v1/batch`, {
      method: "POST",
      headers: { "Content-Type": "application/json", Authorization: `Basic ${btoa(`${kept.writeKey}:`)}` },
      body: JSON.stringify({ batch: visits() }),
    });
    assert.equal(response.status, 200);
    await page.goto(`${url}/imports`);
    await page
      .getByLabel("File to import")
      .setInputFiles({ name: "spend.csv", mimeType: "text/csv", buffer: Buffer.from(SPEND) });
    await page.getByRole("button", { name: "Check file" }).click();
    await page.getByRole("button", { name: "Apply 2 changes" }).click();
    await page.getByText("applied", { exact: true }).waitFor();
  },

  async "Home shows the spend and says what needs a decision"({ page, url }) {
    await page.goto(url);
    await page
      .getByRole("button", { name: /^Spend €/ })
      .filter({ hasText: "€300" })
      .waitFor();
    await page
      .getByRole("region", { name: "Needs a decision" })
      .getByText(/spend match/)
      .waitFor();
    await accessible(page, "Home");
    for (const width of [1024, 768]) {
      await page.setViewportSize({ width, height: 1024 });
      await fitsWindow(page, `Home at ${width}`);
    }
    await page.setViewportSize({ width: 1440, height: 900 });
    await page.emulateMedia({ colorScheme: "dark", reducedMotion: "reduce" });
    await accessible(page, "Home, dark");
    await page.emulateMedia({ colorScheme: "light", reducedMotion: "reduce" });
  },

  async "a number opens to its formula, its rows and its SQL"({ page }) {
    await page
      .getByRole("button", { name: /^Spend €/ })
      .filter({ hasText: "€300" })
      .click();
    const drawer = page.getByRole("dialog");
    await drawer.getByText("€300.00").first().waitFor();
    await drawer.getByRole("cell", { name: "€250.50" }).waitFor();
    await drawer.getByRole("region", { name: "SQL" }).first().waitFor();
    assert.match(page.url(), /explain=spend/);
    await accessible(page, "explanation");
    await page.keyboard.press("Escape");
    await drawer.waitFor({ state: "detached" });
  },

  async "another model is one choice away and stands in the address"({ page }) {
    await page.getByLabel("Model").selectOption({ label: "Linear" });
    await page.waitForURL(/model=linear/);
    await page.reload();
    await page.waitForFunction(() => [...document.querySelectorAll("select")].some((one) => one.value === "linear"));
  },

  async "the ledger has plan and actual, and a plan can be taken back"({ page }) {
    await page.getByRole("link", { name: "Ledger" }).click();
    await page.getByRole("button", { name: /€300\s*no plan/ }).click();
    await page
      .getByRole("dialog")
      .getByLabel(/Amount/)
      .fill("200");
    await page.getByRole("dialog").getByRole("button", { name: "Set plan" }).click();
    await page.getByText("plan €200").waitFor();
    await page.getByRole("button", { name: "Undo" }).click();
    await page.getByText("plan €200").waitFor({ state: "detached" });
    await accessible(page, "ledger");
  },

  async "spend that found no touch is listed, not lost"({ page }) {
    await page.getByRole("tab", { name: "Unmatched spend" }).click();
    await page.getByRole("cell", { name: "nobody-came" }).first().waitFor();
    await accessible(page, "unmatched spend");
  },

  async "a person shows what they did and why it is one person"({ page }) {
    await page.getByRole("link", { name: "People", exact: true }).click();
    await page.getByRole("link", { name: "lead3@kunde3.example" }).click();
    await page.getByText("Paid Search").first().waitFor();
    await accessible(page, "person");
    await page.getByRole("tab", { name: "Identity" }).click();
    await page.getByRole("cell", { name: "visitor-3" }).waitFor();
    await accessible(page, "identity");
  },

  async "attribution says what is missing instead of showing nothing"({ page }) {
    await page.getByRole("link", { name: "Attribution" }).click();
    await page.getByRole("heading", { name: "No deal reached this goal in the period" }).waitFor();
    await accessible(page, "attribution");
  },

  async "any question is answered in SQL"({ page }) {
    await page.getByRole("link", { name: "SQL console" }).click();
    await page.getByLabel("Question").fill("select count(*) as pages from events where channel = 'Paid Search'");
    await page.getByRole("button", { name: "Run question" }).click();
    await page.getByRole("cell", { name: "10", exact: true }).waitFor();
    await accessible(page, "SQL console");
  },
};
