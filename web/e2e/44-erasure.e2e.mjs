// Whoever answers for personal data: a person asks to be forgotten, and gets a proof.
import assert from "node:assert/strict";
import { accessible, fitsWindow } from "./checks.mjs";

const EMAIL = "erika.muster@erasure.example";

export const story = {
  async "a person of some events is found"({ page, kept, url }) {
    const batch = [
      { type: "identify", messageId: "erase-1", userId: "erika-1", traits: { email: EMAIL, name: "Erika Muster" } },
      { type: "track", messageId: "erase-2", userId: "erika-1", event: "Signed up" },
    ];
    const answer = await fetch(`${url}/v1/batch`, {
      method: "POST",
      headers: { Authorization: `Basic ${btoa(`${kept.writeKey}:`)}`, "Content-Type": "application/json" },
      body: JSON.stringify({ batch }),
    });
    assert.equal(answer.status, 200);
    await page.goto(`${url}/w/acme-soehne/people`);
    await page.getByLabel("Name, email or id").fill("erika");
    await page.getByRole("link", { name: "Erika Muster" }).click();
    await page.getByText("Signed up").waitFor();
  },

  async "the dialog names what will be lost, and the safe answer changes nothing"({ page }) {
    await page.getByRole("button", { name: "Erase person…" }).click();
    const dialog = page.getByRole("alertdialog");
    await dialog.getByText("This cannot be undone.").waitFor();
    await accessible(page, "erase a person");
    await page.keyboard.press("Enter");
    await dialog.waitFor({ state: "hidden" });
    await page.getByText("Signed up").waitFor();
  },

  async "the report says what was searched and that nothing was found"({ page }) {
    await page.getByRole("button", { name: "Erase person…" }).click();
    await page.getByRole("alertdialog").getByRole("button", { name: "Erase person" }).click();
    await page.getByRole("heading", { name: "Proof" }).waitFor();
    await page.getByText(/: 0 events of the person among/).waitFor();
    await page.getByText("SHA-256 of the report").waitFor();
    await accessible(page, "proof of an erasure");
    await fitsWindow(page, "proof of an erasure");
  },

  async "events are kept for a time only after it was asked"({ page, url }) {
    await page.goto(`${url}/w/acme-soehne/settings`);
    await page.getByLabel("Keep events").selectOption("25");
    await page.getByRole("alertdialog").getByRole("button", { name: "Drop older events" }).click();
    await page.getByText("Events of 25 months are kept").waitFor();
    await page.getByLabel("Keep events").selectOption("for ever");
    await page.getByText("Events are kept for ever").waitFor();
    await accessible(page, "age of events");
  },
};
