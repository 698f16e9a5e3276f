// The analyst's lead adds a channel rule: tries it, previews it, saves it, sees history follow, and goes back.
import assert from "node:assert/strict";
import { accessible, fitsWindow } from "./checks.mjs";

const LINK = "https://acme.example/?utm_source=partner-x&utm_medium=banner";

async function eventsOf(page) {
  return page.evaluate(async () => {
    const answer = await fetch("/api/v1/sql", {
      method: "POST",
      headers: {
        "Content-Type": "application/json",
        "Mainspring-Client": "web",
        "Mainspring-Workspace": "acme-soehne",
      },
      body: JSON.stringify({ sql: "select channel from events where source = 'partner-x'" }),
    });
    return (await answer.json()).rows.flat();
  });
}

export const story = {
  async "an event has the channel of the program's rules"({ page, kept, url }) {
    const event = {
      type: "page",
      messageId: "rules-1",
      anonymousId: "rules-a",
      context: {
        userAgent: "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
        page: { url: LINK },
      },
    };
    const answer = await fetch(`${url}/v1/batch`, {
      method: "POST",
      headers: { Authorization: `Basic ${btoa(`${kept.writeKey}:`)}`, "Content-Type": "application/json" },
      body: JSON.stringify({ batch: [event] }),
    });
    assert.equal(answer.status, 200);
    await page.goto(`${url}/w/acme-soehne/settings/channel-rules`);
    await page.getByRole("heading", { name: "Version 1", exact: true }).waitFor();
    await accessible(page, "channel rules");
    await fitsWindow(page, "channel rules");
    await page.waitForFunction(() => document.readyState === "complete");
    assert.deepEqual(await eventsOf(page), ["Display"]);
  },

  async "a rule is written, and what is wrong is said beside its field"({ page }) {
    await page.getByRole("button", { name: "Add channel rule" }).click();
    await page.getByRole("button", { name: "Save version 2" }).click();
    await page.getByText("The name of channel rule 1 is empty.").first().waitFor();
    await page.getByLabel("Name of rule W1").fill("Partners");
    await page.getByLabel("Channel", { exact: true }).selectOption("Affiliates");
    await page.getByLabel("Test", { exact: true }).selectOption("starts");
    await page.getByLabel("Text", { exact: true }).fill("partner-");
    await accessible(page, "a channel rule");
  },

  async "the draft is tried on an example"({ page }) {
    await page.getByLabel("Address of the page").fill(LINK);
    await page.getByRole("button", { name: "Try example" }).click();
    await page.getByText("Rule W1:").waitFor();
  },

  async "the preview counts what would change, and writes nothing"({ page }) {
    await page.getByRole("button", { name: "Preview changes" }).click();
    await page.getByText(/events would change/).waitFor();
    await page.getByRole("row", { name: /Display Affiliates/ }).waitFor();
    assert.deepEqual(await eventsOf(page), ["Display"]);
  },

  async "saved, events from before follow"({ page }) {
    await page.getByLabel("Why").fill("Partners are known");
    await page.getByRole("button", { name: "Save version 2" }).click();
    await page.getByRole("heading", { name: "Version 2", exact: true }).waitFor();
    await page.getByText("Events from before follow it since").waitFor();
    assert.deepEqual(await eventsOf(page), ["Affiliates"]);
    await page.getByText("Channel rule added:").first().waitFor();
    await accessible(page, "channel rules after a change");
    await fitsWindow(page, "channel rules after a change");
  },

  async "going back is a new version"({ page }) {
    await page.getByRole("button", { name: "Go back to version 1" }).click();
    await page.getByRole("alertdialog").getByRole("button", { name: "Go back" }).click();
    await page.getByRole("heading", { name: "Version 3", exact: true }).waitFor();
    await page.getByText("Events from before follow it since").waitFor();
    assert.deepEqual(await eventsOf(page), ["Display"]);
  },
};
