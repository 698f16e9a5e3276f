// The director: what was spent, what it brought, and every number down to its rows.
import assert from "node:assert/strict";
import { accessible, fitsWindow } from "./checks.mjs";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const hoursAgo = (hours) => new Date(Date.now() - hours * HOUR_MS).toISOString();
const dayAgo = (days) => new Date(Date.now() - days * DAY_MS).toISOString().slice(0, 10);

/** Ten visitors who came by a paid click, and were then identified. */
function visits() {
  return Array.from({ length: 10 }, (_, at) => {
    const address = `https://acme.example/pricing?utm_source=google&utm_medium=cpc&utm_campaign=brand`;
    const context = {
      page: { url: address, path: "/pricing" },
      userAgent: "Mozilla/5.0 (X11; Linux x86_64) Chrome/140.0 Safari/537.36",
    };
    const timestamp = new Date(Date.now() - 3 * HOUR_MS - at * 60_000).toISOString();
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

const WON = "Kunde 0 GmbH, team plan";
const OPEN = "Kunde 1 GmbH, starter plan";

/** What a CRM knows of two of the visitors' companies: one bought, one is still thinking. */
const CRM = [
  {
    kind: "companies",
    fields: ["external_id", "name", "domain"],
    rows: [
      ["c-0", "Kunde 0 GmbH", "kunde0.example"],
      ["c-1", "Kunde 1 GmbH", "kunde1.example"],
    ],
  },
  {
    kind: "deals",
    fields: [
      "external_id",
      "name",
      "amount",
      "currency",
      "stage",
      "created_at",
      "closed_at",
      "won",
      "company_external_id",
    ],
    rows: [
      ["d-0", WON, "12000", "EUR", "Closed won", hoursAgo(2), hoursAgo(1), "true", "c-0"],
      ["d-1", OPEN, "3000", "EUR", "Proposal", hoursAgo(2), "", "false", "c-1"],
    ],
  },
  {
    kind: "stage_history",
    fields: ["deal_external_id", "stage", "entered_at"],
    rows: [
      ["d-0", "Qualified", hoursAgo(2)],
      ["d-0", "Closed won", hoursAgo(1)],
      ["d-1", "Qualified", hoursAgo(2)],
      ["d-1", "Proposal", hoursAgo(1)],
    ],
  },
  {
    kind: "contact_roles",
    fields: ["deal_external_id", "email", "role", "primary"],
    rows: [
      ["d-0", "lead0@kunde0.example", "Champion", "true"],
      ["d-1", "lead1@kunde1.example", "Champion", "true"],
    ],
  },
];

const HEADERS = { "Mainspring-Client": "web", "Mainspring-Workspace": "acme-soehne" };

/** Imports rows as the imports page does: upload, map, check, apply. */
async function bringIn({ page, url }, { kind, fields, rows }) {
  const text = [fields, ...rows].map((row) => row.map((cell) => `"${cell}"`).join(",")).join("\r\n");
  const call = async (method, path, options = {}) => {
    const address = `${url}/api/v1/imports${path}`;
    const answer = await page.request.fetch(address, {
      method,
      ...options,
      headers: { ...HEADERS, ...options.headers },
    });
    assert.ok(answer.ok(), `${method} ${path}: ${answer.status()} ${await answer.text()}`);
    return answer.json();
  };
  const reach = async (id, state) => {
    for (let tries = 0; tries < 300; tries += 1) {
      const one = await call("GET", `/${id}`);
      if (one.state === state) return one;
      assert.ok(!["failed", "cancelled"].includes(one.state), `${kind}: ${JSON.stringify(one)}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error(`${kind} is never ${state}`);
  };
  const { id } = await call("POST", `?filename=${kind}.csv&kind=${kind}`, {
    headers: { "Content-Type": "text/csv" },
    data: Buffer.from(text),
  });
  const columns = fields.map((field, column) => ({ column, field }));
  await call("PUT", `/${id}/mapping`, { data: { mapping: { kind, system: "crm", columns, constants: {} } } });
  await call("POST", `/${id}/check`, { data: {} });
  await reach(id, "checked");
  await call("POST", `/${id}/apply`, { data: {} });
  const { applied } = await reach(id, "applied");
  if (applied.rejected + applied.conflict > 0) {
    const report = await call("GET", `/${id}/rows?phase=apply&limit=20`);
    assert.fail(`${kind}: ${JSON.stringify(report.items)}`);
  }
}

/** Home over the last seven days, when it shows what came in: numbers follow an import within seconds. */
async function openHome({ page, url }, tile, text) {
  for (let tries = 0; tries < 20; tries += 1) {
    await page.goto(`${url}/?from=${dayAgo(6)}&to=${dayAgo(0)}`);
    const found = page.getByRole("button", { name: tile }).filter({ hasText: text });
    const seen = await found.waitFor({ timeout: 1_500 }).then(
      () => true,
      () => false,
    );
    if (seen) return found;
  }
  throw new Error(`Home never shows ${text} for ${tile}`);
}

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

  async "companies, deals, their stages and their people come in"(world) {
    for (const file of CRM) await bringIn(world, file);
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
    await drawer.getByRole("cell", { name: "€250.50", exact: true }).waitFor();
    await drawer.getByText("Spend = €300.00").waitFor();
    await drawer.getByRole("region", { name: "SQL" }).first().waitFor();
    assert.match(page.url(), /explain=spend/);
    await accessible(page, "explanation");
    await page.keyboard.press("Escape");
    await drawer.waitFor({ state: "detached" });
  },

  async "from a tile to its deals, to their touches, to the event of a touch"(world) {
    const { page } = world;
    const tile = await openHome(world, /^Pipeline contribution €/, "€15K");
    await tile.click();
    const drawer = page.getByRole("dialog");
    await drawer.getByRole("link", { name: OPEN }).waitFor();
    await accessible(page, "explanation of pipeline");
    await drawer.getByRole("link", { name: WON }).click();
    await page.getByRole("heading", { name: `Touches of ${WON}` }).waitFor();
    // The deal is won by now; what was opened is the journey until it was created.
    assert.match(page.url(), /goal=deal_created/);
    await page.getByLabel("Credit for").selectOption({ label: "the deal won" });
    await page.waitForURL(/goal=deal_won/);
    await page.getByText("deal won,").waitFor();
    await page.getByRole("cell", { name: "€12,000.00" }).first().waitFor();
    await accessible(page, "touches of a deal");
    const touch = page.getByRole("row").filter({ hasText: "google / cpc / brand" });
    await touch.getByRole("link").click();
    await page.waitForURL(/events\?open=\d+/);
    await page.getByRole("dialog").getByRole("heading", { name: "Why it has its channel" }).waitFor();
  },

  async "a row of the channels opens, and so does what it earned"(world) {
    const { page } = world;
    await openHome(world, /^Pipeline contribution €/, "€15K");
    await page.getByRole("button", { name: /^ROI of Paid Search/ }).click();
    await page.waitForURL(/explain=roi&channel=Paid/);
    await page.getByRole("dialog").getByRole("link", { name: WON }).first().waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    const totals = page.getByRole("row").filter({ hasText: "All channels" });
    for (let press = 0; press < 2; press += 1) {
      await page.getByRole("button", { name: "Channel", exact: true }).click();
      const last = await totals.evaluate((row) => row.parentElement.tagName);
      assert.equal(last, "TFOOT", "the line of totals is not sorted");
    }
  },

  async "a deal's own page leads to its touches"({ page }) {
    await page.getByRole("link", { name: "Deals" }).click();
    await page.getByRole("link", { name: WON }).click();
    await page.getByRole("link", { name: "Show touches and credit" }).click();
    await page.getByRole("heading", { name: `Touches of ${WON}` }).waitFor();
  },

  async "period and comparison change, and the page says which they are"(world) {
    const { page } = world;
    await openHome(world, /^Pipeline contribution €/, "€15K");
    await page.getByText(/, compared with /).waitFor();
    await page.getByLabel("Compared with").selectOption({ label: "nothing" });
    await page.waitForURL(/compare=none/);
    await page.getByText(/, compared with /).waitFor({ state: "detached" });
    await page.getByLabel("Compared with").selectOption({ label: "a year before" });
    await page.waitForURL(/compare=year/);
    await page.getByText(/, compared with /).waitFor();
    await page.getByRole("button", { name: /^Period/ }).click();
    await page.getByRole("button", { name: "Last 30 days" }).click();
    await page.getByRole("button", { name: "Period: Last 30 days" }).waitFor();
    await page.waitForURL((address) => address.searchParams.get("from") < dayAgo(20));
    await page.getByRole("button", { name: /^Pipeline contribution €/ }).waitFor();
    await accessible(page, "Home, another period");
  },

  async "another model is one choice away and stands in the address"({ page }) {
    await page.getByLabel("Model").selectOption({ label: "Linear" });
    await page.waitForURL(/model=linear/);
    await page.reload();
    await page.waitForFunction(() => [...document.querySelectorAll("select")].some((one) => one.value === "linear"));
  },

  async "the ledger has plan and actual, and a plan can be taken back"({ page }) {
    await page.getByRole("link", { name: "Ledger" }).click();
    await page
      .getByRole("cell", { name: /€300.*no plan/ })
      .getByRole("button", { name: /no plan/ })
      .click();
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

  async "the models stand side by side, and every credit opens"({ page }) {
    await page.getByRole("button", { name: /^Period/ }).click();
    await page.getByRole("button", { name: "Last 7 days" }).click();
    const credit = page.getByRole("button", { name: "Paid Search, Linear: €12,000" });
    await credit.waitFor();
    await accessible(page, "models side by side");
    await credit.click();
    await page.waitForURL(/explain=linear&key=Paid/);
    await page.getByRole("dialog").getByRole("link", { name: WON }).first().waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    await page.getByLabel("Credit for").selectOption({ label: "deals created" });
    await page.getByRole("button", { name: "Paid Search, Linear: €15,000" }).waitFor();
  },

  async "weights of one's own are a model, and a slip in them is shown beside the field"({ page }) {
    await page.getByRole("button", { name: "Add custom weights" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Weights").fill("beginning 100");
    await dialog.getByRole("button", { name: "Compare these weights" }).click();
    await dialog.getByText(/neither a position/).waitFor();
    await accessible(page, "custom weights");
    await dialog.getByLabel("Weights").fill("first 40, every 60");
    await dialog.getByRole("button", { name: "Compare these weights" }).click();
    await page.getByRole("columnheader", { name: "Custom weights" }).waitFor();
    await page.reload();
    await page.getByRole("button", { name: "Paid Search, Custom weights: €15,000" }).waitFor();
    await page.getByRole("button", { name: /^Remove the filter Custom weights/ }).click();
    await page.getByRole("columnheader", { name: "Custom weights" }).waitFor({ state: "detached" });
  },

  async "an event is a goal too"({ page }) {
    await page.getByLabel("Credit for").selectOption({ label: "an event" });
    await page.getByRole("heading", { name: "Which event is the goal?" }).waitFor();
    await page.getByLabel("Name of the event").fill("Signed up");
    await page.waitForURL(/goal=event/);
    await page.getByText(/1 conversion/).waitFor();
    await page.reload();
    await page.getByText(/1 conversion/).waitFor();
  },

  async "what narrows the question can be taken away"({ page, url }) {
    await page.goto(`${url}/attribution?from=${dayAgo(6)}&to=${dayAgo(0)}&channel=Email`);
    await page.getByRole("button", { name: "Remove the filter Channel Email" }).click();
    await page.getByRole("button", { name: "Paid Search, Linear: €12,000" }).waitFor();
    assert.doesNotMatch(page.url(), /channel=/);
  },

  async "a viewer's Home leads nowhere that a viewer may not go"({ browser, url }) {
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, reducedMotion: "reduce" });
    const page = await context.newPage();
    await page.goto(`${url}/?from=${dayAgo(6)}&to=${dayAgo(0)}`);
    await page.getByLabel("Email").fill("grace@example.com");
    await page.getByLabel("Password").fill("another sentence to remember");
    await page.getByRole("button", { name: "Sign in" }).click();
    const waiting = page.getByRole("region", { name: "Needs a decision" });
    await waiting.getByText(/spend match/).waitFor();
    await waiting.getByText("Needs ledger.read").first().waitFor();
    assert.equal(await waiting.getByRole("link", { name: "Review unmatched spend" }).count(), 0);
    await accessible(page, "a viewer's Home");
    await page.getByRole("button", { name: /^Pipeline contribution €/ }).click();
    await page.getByText("The rows behind this number are not shown to your role.").waitFor();
    await page.goto(`${url}/deals`);
    await page.getByRole("alert").getByText("deals.read").waitFor();
    assert.equal(await page.getByRole("button", { name: "Try again" }).count(), 0);
    await context.close();
  },

  async "any question is answered in SQL"({ page }) {
    await page.getByRole("link", { name: "SQL console" }).click();
    await page
      .getByRole("textbox", { name: "Question", exact: true })
      .fill("select count(*) as pages from events where channel = 'Paid Search'");
    await page.getByRole("button", { name: "Run question" }).click();
    await page.getByRole("cell", { name: "10", exact: true }).waitFor();
    await accessible(page, "SQL console");
  },
};
