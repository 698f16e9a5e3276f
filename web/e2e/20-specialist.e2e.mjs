// The specialist: a file of contacts goes in, with a dry run before anything is written, and comes out again.
import assert from "node:assert/strict";
import { accessible } from "./checks.mjs";

const HEADER = "Record ID;E-Mail;Vorname;Nachname;Firma;Land";
const rows = Array.from(
  { length: 250 },
  (_, at) => `${1000 + at};person${at}@firma${at % 20}.example;Anna;Müller;Firma ${at % 20};DE`,
);
const broken = ["1900;not an address;Björn;Schmidt;Firma 1;DE"];
const FILE = `\uFEFF${[HEADER, ...rows, ...broken].join("\r\n")}\r\n`;

async function choose(page, name, text) {
  await page.getByLabel("File to import").setInputFiles({ name, mimeType: "text/csv", buffer: Buffer.from(text) });
  await page.getByRole("heading", { name }).waitFor();
}

export const story = {
  async "the empty page says what belongs here"({ page, url }) {
    await page.goto(`${url}/imports`);
    await page.getByRole("heading", { name: "No imports yet" }).waitFor();
    await accessible(page, "imports, empty");
  },

  async "a file is uploaded and recognised"({ page, kept }) {
    await choose(page, "kontakte.csv", FILE);
    kept.importUrl = page.url();
    await page.getByRole("cell", { name: "E-Mail", exact: true }).waitFor();
    assert.equal(await page.getByLabel("Cells are parted by").inputValue(), ";");
    await accessible(page, "import, columns");
  },

  async "a column is mapped by hand"({ page }) {
    await page.getByLabel("The rows are").selectOption({ label: "People" });
    const column = page.getByRole("row").filter({ has: page.getByRole("cell", { name: "Firma", exact: true }) });
    const box = column.getByRole("combobox", { name: /^What Firma becomes/ });
    await box.click();
    await page.getByPlaceholder("Search").fill("company");
    await page.getByRole("option", { name: "Company", exact: true }).click();
    await box.filter({ hasText: /company/i }).waitFor();
  },

  async "the dry run says what would happen to every row, and writes nothing"({ page }) {
    await page.getByRole("button", { name: "Check file" }).click();
    await page.getByRole("button", { name: /250.*would be created/ }).waitFor({ timeout: 60_000 });
    await page.getByRole("button", { name: /1.*cannot be read/ }).click();
    await page.getByRole("row").filter({ hasText: "not an address" }).waitFor();
    await accessible(page, "import, dry run");
  },

  async "the rows that are not imported come as a file with the reason"({ page, url }) {
    const href = await page.getByRole("link", { name: /Download 1 row/ }).getAttribute("href");
    const answer = await page.context().request.get(new URL(href, url).href);
    assert.match(answer.headers()["content-disposition"], /^attachment/);
    assert.match(await answer.text(), /not an address/);
  },

  async "applying writes exactly what was promised"({ page }) {
    await page.getByRole("button", { name: "Apply 250 changes" }).click();
    await page.getByRole("heading", { name: "kontakte.csv" }).waitFor();
    await page.getByText("applied", { exact: true }).waitFor({ timeout: 60_000 });
    await page.getByRole("button", { name: /250\s*created/ }).waitFor();
  },

  async "the same file again changes nothing"({ page, url }) {
    await page.goto(`${url}/imports`);
    await choose(page, "kontakte.csv", FILE);
    await page.getByText("Exactly this file was applied before").waitFor();
  },

  async "undo takes every change back"({ page, kept }) {
    await page.goto(kept.importUrl);
    await page.getByRole("button", { name: "Undo import" }).click();
    await page.getByRole("alertdialog").getByRole("button", { name: "Undo import" }).click();
    await page.getByText("undone", { exact: true }).waitFor({ timeout: 60_000 });
    await page.getByText("250 changes taken back").waitFor();
    await accessible(page, "import, undone");
  },
};
