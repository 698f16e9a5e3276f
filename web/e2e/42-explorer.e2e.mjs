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
    properties: {
      url: "https://acme.example/pricing",
      plan: who % 3 ? "free" : "pro",
      seats: who + 0.5,
      trial: who < 6,
    },
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
  // Those of the popup: a native select has options of its own.
  await page.locator("[role=option]", { hasText: text }).first().click();
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

  async "a condition on a property narrows an event down"({ page, url }) {
    await page.goto(`${url}/explore`);
    await pick(page, /^Event 1:/, "Looked at prices");
    await page.getByRole("button", { name: "Add a condition to event 1" }).click();
    const form = page.getByRole("group", { name: "New condition" });
    await form.getByRole("button", { name: "Property" }).click();
    await pick(page, /^Property:/, "plan");
    await pick(page, /^Values:/, "pro");
    await accessible(page, "a condition on a property");
    await form.getByRole("button", { name: "Add condition" }).click();
    await page.getByText("plan is pro", { exact: true }).waitFor();
    await page.getByRole("button", { name: /in the period: 4; show people$/ }).waitFor();
    await page.reload();
    await page.getByRole("button", { name: /in the period: 4; show people$/ }).click();
    const drawer = page.getByRole("dialog");
    await drawer.getByRole("heading", { name: "4 people" }).waitFor();
    await page.keyboard.press("Escape");
    await drawer.waitFor({ state: "detached" });
  },

  async "a number is compared as a number, and a wrong one is told at once"({ page }) {
    await page.getByRole("button", { name: "Remove the condition plan is pro" }).click();
    await page.getByRole("button", { name: "Add a condition to event 1" }).click();
    const form = page.getByRole("group", { name: "New condition" });
    await form.getByRole("button", { name: "Property" }).click();
    await pick(page, /^Property:/, "seats");
    await form.getByRole("combobox", { name: "Condition", exact: true }).selectOption("more");
    await form.getByRole("textbox", { name: "Number" }).fill("9,5");
    await form.getByText("Write the number with a point", { exact: false }).waitFor();
    await form.getByRole("textbox", { name: "Number" }).fill("9.5");
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: /in the period: 2; show people$/ }).waitFor();
    await page.getByRole("button", { name: "Remove the condition seats is more than 9.5" }).click();
  },

  async "the mean of a property and sessions are measures"({ page }) {
    await page.getByRole("combobox", { name: "Measure" }).selectOption("property_mean");
    await page.getByRole("heading", { name: "Of which property?" }).waitFor();
    await accessible(page, "a measure without its property");
    await pick(page, /^Of the property:/, "seats");
    await page.getByRole("button", { name: /in the period: 6; show people$/ }).waitFor();
    await page.getByRole("combobox", { name: "Measure" }).selectOption("sessions");
    await page.getByRole("button", { name: /in the period: 12; show people$/ }).waitFor();
    await page.getByRole("combobox", { name: "By" }).selectOption("channel");
    await page.getByRole("button", { name: /^Email in the period: 6; show people$/ }).waitFor();
    await page.getByRole("combobox", { name: "Measure" }).selectOption("engaged_share");
    await page.getByRole("button", { name: /^Email in the period: \d+(\.\d)?%; show people$/ }).waitFor();
    await accessible(page, "sessions");
  },

  async "retention has brackets and parts, each with its people"({ page }) {
    await page.getByRole("button", { name: "Retention", exact: true }).click();
    await pick(page, /^First event:/, "Looked at prices");
    await page.getByRole("combobox", { name: "By", exact: true }).first().selectOption("day");
    await page.getByRole("textbox", { name: "From day" }).fill("0");
    await page.getByRole("textbox", { name: "To day" }).fill("1");
    await page.getByRole("button", { name: "Add bracket" }).click();
    const table = page.getByRole("table", { name: "Retention by cohort" });
    await table.getByRole("columnheader", { name: "Day 0–1" }).waitFor();
    await page.getByRole("combobox", { name: "By", exact: true }).last().selectOption("channel");
    const parts = page.getByRole("table", { name: "Retention by part" });
    await parts.getByRole("button", { name: "Email: 6; show people" }).click();
    const drawer = page.getByRole("dialog");
    await drawer.getByRole("heading", { name: "6 people" }).waitFor();
    await page.keyboard.press("Escape");
    await drawer.waitFor({ state: "detached" });
    await accessible(page, "retention with brackets and parts");
    await fitsWindow(page, "retention with brackets and parts");
  },

  async "retention and paths answer, and fit a tablet"({ page }) {
    await page.getByRole("button", { name: "Retention", exact: true }).click();
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
