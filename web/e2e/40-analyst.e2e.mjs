// The analyst: asks, draws, keeps and takes away; stops what runs too long.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { accessible, fitsWindow } from "./checks.mjs";

/** Goes on for hours with any number of events, and holds little: each join streams through the next. */
const ENDLESS = [1, 2, 3, 4, 5, 6].reduce(
  (sql) => `select e."offset" + x.o as o from events e cross join (${sql}) x`,
  'select "offset" as o from events',
);
const COUNTED = `select count(*) from events a join (${ENDLESS}) x on a."offset" + x.o > 7`;

const editor = (page) => page.getByRole("textbox", { name: "Question", exact: true });

async function write(page, sql) {
  await editor(page).fill(sql);
}

export const story = {
  async "a mistake is marked where it stands"({ page, url }) {
    await page.goto(`${url}/sql`);
    await page.getByRole("button", { name: "New question" }).click();
    await page.getByRole("heading", { name: "Begin with an example" }).waitFor();
    await accessible(page, "the empty SQL console");
    await fitsWindow(page, "the empty SQL console");
    await write(page, "select channel, count(*) as events from events where chanel = 'Email' group by channel");
    await editor(page).press("Control+Enter");
    await page
      .getByRole("alert")
      .getByText(/chanel.*\(line 1, column 54\)/)
      .waitFor();
    assert.equal(await page.locator(".cm-lintRange-error").textContent(), "chanel");
  },

  async "names are completed from the tables that are asked"({ page }) {
    await write(page, "");
    await editor(page).pressSequentially("select agent_cl");
    await editor(page).press("End");
    await write(page, "select  from sessions");
    await editor(page).press("Home");
    for (let step = 0; step < 7; step += 1) await editor(page).press("ArrowRight");
    await editor(page).pressSequentially("landing");
    await page.getByRole("option", { name: /landing_page/ }).waitFor();
    await editor(page).press("Tab");
    assert.equal(await editor(page).textContent(), "select landing_page from sessions");
    await page.getByRole("searchbox", { name: "Find a table or column" }).fill("agent_class");
    await page
      .getByRole("button", { name: /^agent_class/ })
      .first()
      .click();
    assert.match(await editor(page).textContent(), /agent_class/);
  },

  async "a question is run and drawn, and the address holds both"({ page }) {
    await write(
      page,
      "select day, channel, count(*) as visits, null as nothing, '' as empty, min(started_at) as first\nfrom sessions group by day, channel order by day",
    );
    await page.getByRole("button", { name: "Run question" }).click();
    const table = page.getByRole("table", { name: "rows" });
    await table.getByRole("cell", { name: "Paid Search" }).first().waitFor();
    await table.getByRole("cell", { name: "null", exact: true }).first().waitFor();
    await table.getByRole("cell", { name: '""', exact: true }).first().waitFor();
    assert.match(await table.locator("time").first().getAttribute("title"), /UTC$/);
    await page.getByText(/^Took /).waitFor();
    await accessible(page, "an answer in SQL");
    await page.getByRole("tab", { name: "Chart" }).click();
    await page.getByRole("combobox", { name: "Form", exact: true }).selectOption({ label: "Stacked bars" });
    await page.waitForURL(/view=chart/);
    await page.locator("canvas, svg").first().waitFor();
    await accessible(page, "a chart of an answer");
    await page.getByRole("tab", { name: "Plan" }).click();
    await page.getByRole("button", { name: "Explain plan" }).last().click();
    await page.getByText("What is computed").waitFor();
    await accessible(page, "the plan of a question");
  },

  async "it is saved, left, and opened again as it was"({ page }) {
    await page.getByRole("tab", { name: "Chart" }).click();
    await page.getByRole("button", { name: "Save question" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Name").fill("Besuche je Tag und Kanal für den Überblick am Montagmorgen");
    await dialog.getByRole("checkbox", { name: /^Share with everybody/ }).click();
    await dialog.getByRole("button", { name: "Save question" }).click();
    await page.waitForURL(/saved=qry_/);
    await page.getByRole("button", { name: "New question" }).click();
    await page.getByRole("heading", { name: "Begin with an example" }).waitFor();
    await page.getByRole("button", { name: "Saved", exact: true }).click();
    await page
      .getByRole("button", { name: /Besuche je Tag/ })
      .first()
      .click();
    await page
      .getByRole("tab", { name: "Chart" })
      .waitFor({ state: "hidden" })
      .catch(() => undefined);
    assert.match(await editor(page).textContent(), /from sessions/);
    await page.getByRole("button", { name: "Run question" }).click();
    await page.getByRole("combobox", { name: "Form", exact: true }).waitFor();
    assert.equal(await page.getByRole("combobox", { name: "Form", exact: true }).inputValue(), "stacked");
    await accessible(page, "a saved question");
  },

  async "a change of it is kept in this browser until it is saved"({ page }) {
    await editor(page).press("Control+End");
    await editor(page).pressSequentially(" limit 3");
    await page.getByText("changed, not saved").waitFor();
    await page.reload();
    await page.getByText("changed, not saved").waitFor();
    assert.match(await editor(page).textContent(), /limit 3$/);
    await page.getByRole("button", { name: "Save changes" }).click();
    await page.getByText("changed, not saved").waitFor({ state: "hidden" });
    await page.getByRole("button", { name: "History", exact: true }).click();
    await page.getByRole("list", { name: "Past questions" }).getByRole("button").first().waitFor();
  },

  async "the answer is taken away as files"({ page }) {
    for (const [form, head] of [
      ["CSV, for a spreadsheet", '\uFEFF"day","channel","visits"'],
      ["Parquet", "PAR1"],
      ["Arrow", undefined],
    ]) {
      await page.getByRole("button", { name: "Download" }).click();
      const [file] = await Promise.all([
        page.waitForEvent("download"),
        page.getByRole("menuitem", { name: form, exact: true }).click(),
      ]);
      assert.match(file.suggestedFilename(), /^besuche-je-tag-und-kanal-.*\.(csv|parquet|arrows)$/);
      const text = readFileSync(await file.path(), "utf8");
      if (head) assert.ok(text.startsWith(head), text.slice(0, 60));
      await page.getByRole("button", { name: "Run question" }).waitFor();
    }
  },

  async "what runs too long is seen and stopped"({ page, url }) {
    await page.getByRole("button", { name: "New question" }).click();
    await write(page, COUNTED);
    await page.getByRole("button", { name: "Run question" }).click();
    await page
      .getByText(/rows read/)
      .first()
      .waitFor();
    await page.getByRole("button", { name: "Running", exact: true }).click();
    await page
      .getByRole("list", { name: "Running questions" })
      .getByText(/select count/)
      .waitFor();
    await accessible(page, "a running question");
    await page.getByRole("button", { name: "Cancel question" }).click();
    await page.getByText("Cancelled", { exact: true }).waitFor();
    await page.getByText("No question is being answered.").waitFor();
    for (const width of [1440, 1024, 768]) {
      await page.setViewportSize({ width, height: 900 });
      await fitsWindow(page, `the SQL console at ${width}`);
    }
    await page.setViewportSize({ width: 1440, height: 900 });
    await page.goto(`${url}/sql`);
    assert.match(await editor(page).textContent(), /select count/, "the draft is still there");
  },
};
