// The analyst: a question is built, its people are opened, it is saved and opened again.
import assert from "node:assert/strict";
import { accessible, fitsWindow } from "./checks.mjs";

const MINUTE_MS = 60_000;

/** Twelve people who look at prices; some of them sign up, fewer buy. */
function events() {
  const at = (minutes) => new Date(Date.now() - minutes * MINUTE_MS).toISOString();
  const one = (who, event, minutes) => ({
    type: "track",
    event,
    messageId: `explore-${who}-${event}`,
    anonymousId: `explorer-${who}`,
    timestamp: at(minutes),
    properties: { url: "https://acme.example/pricing" },
    context: {
      page: {
        url: `https://acme.example/pricing?utm_source=${who % 2 ? "google&utm_medium=cpc" : "news&utm_medium=email"}`,
      },
      userAgent: "Mozilla/5.0 (X11; Linux x86_64) Chrome/140.0 Safari/537.36",
    },
  });
  return Array.from({ length: 12 }, (_, who) => [
    one(who, "Looked at prices", 90),
    ...(who < 7 ? [one(who, "Signed up", 60)] : []),
    ...(who < 3 ? [one(who, "Bought", 30)] : []),
  ]).flat();
}

async function pick(page, name, text) {
  await page.getByRole("combobox", { name }).click();
  await page.getByPlaceholder("Search").last().fill(text);
  await page.getByRole("option", { name: text }).first().click();
}

export const story = {
  async "events come in"({ page, url, kept }) {
    const authorization = `Basic ${Buffer.from(`${kept.writeKey}:`).toString("base64")}`;
    const answer = await page.request.post(`${url}/v1/batch`, {
      headers: { authorization },
      data: { batch: events() },
    });
    assert.ok(answer.ok(), await answer.text());
  },

  async "Explore is in the rail, and begins with a question that has an answer"({ page, url }) {
    await page.goto(`${url}/`);
    await page.getByRole("link", { name: "Explore" }).click();
    await page.getByRole("heading", { name: "Explore", level: 1 }).waitFor();
    await page.getByRole("heading", { name: "In the whole period" }).waitFor();
    await accessible(page, "trends");
    await fitsWindow(page, "trends");
  },

  async "a funnel is built, and stands in the address"({ page }) {
    await page.getByRole("button", { name: "Funnel" }).click();
    await pick(page, /^Step 1:/, "Looked at prices");
    await pick(page, /^Step 2:/, "Signed up");
    await page.getByRole("button", { name: "Add step" }).click();
    await pick(page, /^Step 3:/, "Bought");
    await page.getByRole("heading", { name: "25% of 12 people came to the end" }).waitFor();
    await page.getByText("Most are lost between “Looked at prices” and “Signed up”: 5 people.").waitFor();
    await accessible(page, "a funnel");
    await page.reload();
    await page.getByRole("heading", { name: "25% of 12 people came to the end" }).waitFor();
  },

  async "a breakdown shows its parts"({ page }) {
    await page.getByRole("combobox", { name: "By" }).selectOption("channel");
    const row = page.getByRole("row", { name: /Email/ });
    await row.waitFor();
    assert.match(await row.textContent(), /6/);
  },

  async "the people behind a number are as many as it says"({ page }) {
    await page.getByRole("button", { name: "Dropped off after step 1, Looked at prices: 5; show people" }).click();
    const drawer = page.getByRole("dialog");
    await drawer.getByRole("heading", { name: "5 people" }).waitFor();
    assert.equal(await drawer.getByRole("table", { name: "people" }).getByRole("row").count(), 6);
    await accessible(page, "the people behind a number");
    await page.keyboard.press("Escape");
    await drawer.waitFor({ state: "detached" });
  },

  async "it is saved, and opened again"({ page, url }) {
    await page.getByRole("button", { name: "Save exploration" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Name").fill("From prices to buying");
    await dialog.getByRole("button", { name: "Save exploration" }).click();
    await page.getByText("Saved “From prices to buying”").waitFor();
    await page.goto(`${url}/explore`);
    await page.getByRole("button", { name: "Open saved" }).click();
    const drawer = page.getByRole("dialog");
    await drawer.getByRole("button", { name: "Show From prices to buying on Home" }).click();
    await drawer.getByRole("button", { name: "Take From prices to buying off Home" }).waitFor();
    await accessible(page, "the saved explorations");
    await drawer.getByRole("button", { name: /^From prices to buying/ }).click();
    await page.getByRole("heading", { name: "25% of 12 people came to the end" }).waitFor();
  },

  async "Home shows it and leads to it"({ page, url }) {
    await page.goto(`${url}/`);
    const tile = page.getByRole("button", { name: /From prices to buying/ });
    await tile.waitFor();
    assert.match(await tile.textContent(), /25%/);
    await tile.click();
    await page.getByRole("heading", { name: "25% of 12 people came to the end" }).waitFor();
  },

  async "retention and paths answer, and fit a tablet"({ page }) {
    await page.getByRole("button", { name: "Retention" }).click();
    await page.getByRole("table", { name: "Retention by cohort" }).waitFor();
    await accessible(page, "retention");
    await page.getByRole("button", { name: "Paths" }).click();
    await pick(page, /^Event:/, "Looked at prices");
    await page.getByRole("button", { name: /^Step 1, Signed up 7 · 58.3%/ }).waitFor();
    await accessible(page, "paths");
    await page.setViewportSize({ width: 768, height: 1024 });
    await fitsWindow(page, "paths on a tablet");
    await page.setViewportSize({ width: 1440, height: 900 });
  },

  async "an exploration is archived, and can be taken back"({ page }) {
    await page.getByRole("button", { name: "Open saved" }).click();
    const drawer = page.getByRole("dialog");
    await drawer.getByRole("button", { name: "Archive From prices to buying" }).click();
    await drawer.getByText("Nothing was saved yet.", { exact: false }).waitFor();
    await drawer.getByRole("button", { name: "Archived" }).click();
    await drawer.getByRole("button", { name: "Take From prices to buying back" }).click();
    await drawer.getByText("Nothing was archived.").waitFor();
    await page.keyboard.press("Escape");
  },
};
