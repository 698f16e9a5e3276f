// The operator: from an empty folder to the first event, seen live within a second of being sent.
import assert from "node:assert/strict";
import { accessible, fitsWindow } from "./checks.mjs";

/** Who sets the server up. The other stories sign in as the same person. */
export const OWNER = { name: "Ada Lovelace", email: "ada@example.com", password: "a long sentence to remember" };

/** Waits until something holds, without counting on how long it takes. */
async function until(what, check, milliseconds = 10_000) {
  const end = Date.now() + milliseconds;
  while (Date.now() < end) {
    if (await check()) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`never: ${what}`);
}

export const story = {
  async "an empty folder opens on the first-run page"({ page, url }) {
    await page.goto(url);
    await page.getByRole("heading", { name: "Set up Mainspring" }).waitFor();
    await accessible(page, "first run");
  },

  async "a short password is refused beside its field"({ page }) {
    await page.getByLabel("Your name").fill(OWNER.name);
    await page.getByLabel("Email").fill(OWNER.email);
    await page.getByLabel("Password").fill("short");
    await page.getByLabel("Workspace").fill("Acme & Söhne");
    await page.getByRole("button", { name: "Create owner and workspace" }).click();
    assert.equal(await page.getByLabel("Password").evaluate((field) => field.validity.tooShort), true);
  },

  async "the owner and the workspace are created by keyboard"({ page }) {
    await page.getByLabel("Password").fill(OWNER.password);
    await page.getByRole("combobox", { name: "Currency" }).click();
    await page.getByPlaceholder("Search").fill("EUR");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    await page.getByRole("combobox", { name: "Currency" }).filter({ hasText: "EUR" }).waitFor();
    await page.getByLabel("Workspace").focus();
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Connect a source" }).waitFor();
    assert.match(page.url(), /\/w\/acme-soehne\/connect$/);
  },

  async "the write key is in every snippet"({ page, kept, url }) {
    kept.writeKey = (await page.getByRole("region", { name: "write key" }).locator("code").textContent()).trim();
    assert.ok(kept.writeKey.length > 16);
    for (const source of ["Website", "Node.js", "Python", "curl"]) {
      await page.getByRole("tab", { name: source }).click();
      const code = await page.getByRole("region", { name: `snippet for ${source}` }).textContent();
      assert.ok(code.includes(kept.writeKey), `${source} has the key`);
      assert.ok(code.includes(url), `${source} has the address`);
    }
    await accessible(page, "connect a source");
  },

  async "the page survives being loaded again without losing the key"({ page, kept }) {
    await page.reload();
    await page.getByText(kept.writeKey).first().waitFor();
    await page.getByRole("heading", { name: "Waiting for the first event" }).waitFor();
    await page.getByText("This page is listening").waitFor();
  },

  async "the first event shows within a second of being sent"({ page, kept, url }) {
    const response = await fetch(`${url}/v1/track`, {
      method: "POST",
      headers: { "Content-Type": "application/json", Authorization: `Basic ${btoa(`${kept.writeKey}:`)}` },
      body: JSON.stringify({ userId: "user-1", event: "Signed up", properties: { plan: "Team" } }),
    });
    assert.equal(response.status, 200);
    const sent = performance.now();
    await page.getByRole("heading", { name: "An event arrived" }).waitFor();
    const passed = performance.now() - sent;
    assert.ok(passed < 1000, `it took ${Math.round(passed)} ms`);
    await page.getByText("Signed up", { exact: true }).waitFor();
  },

  async "live events shows a rejected event with its reason"({ page, kept, url }) {
    await page.getByRole("link", { name: "Open live events" }).click();
    await page.getByRole("cell", { name: "Signed up" }).waitFor();
    await fetch(`${url}/v1/track`, {
      method: "POST",
      headers: { "Content-Type": "application/json", Authorization: `Basic ${btoa(`${kept.writeKey}:`)}` },
      body: JSON.stringify({ userId: "user-1", properties: { without: "a name" } }),
    });
    await page.getByRole("row").filter({ hasText: "rejected" }).first().waitFor();
    await accessible(page, "live events");
  },

  async "a filter is in the address and survives being loaded again"({ page }) {
    await page.getByLabel("Outcome").selectOption("rejected");
    await until("the filter is in the address", () => page.url().includes("status=rejected"));
    await page.reload();
    await page.getByRole("row").filter({ hasText: "rejected" }).first().waitFor();
    assert.equal(await page.getByRole("cell", { name: "accepted" }).count(), 0);
    await page.getByRole("button", { name: "Clear filters" }).click();
    await page.getByRole("cell", { name: "Signed up" }).waitFor();
  },

  async "a row opens by keyboard and shows the message as it was received"({ page }) {
    await page.locator("body").press("j");
    await until("a row has the focus", () => page.evaluate(() => document.activeElement?.tagName === "TR"));
    await page.getByRole("row").filter({ hasText: "Signed up" }).first().focus();
    await page.keyboard.press("Enter");
    const drawer = page.getByRole("dialog");
    await drawer.getByRole("heading", { name: "As it was received" }).waitFor();
    await drawer.getByText("plan").first().waitFor();
    await accessible(page, "event drawer");
    await page.keyboard.press("Escape");
    await drawer.waitFor({ state: "detached" });
  },

  async "a paused stream holds what arrives and shows it afterwards"({ page, kept, url }) {
    await page.getByRole("button", { name: "Pause" }).click();
    await fetch(`${url}/v1/track`, {
      method: "POST",
      headers: { "Content-Type": "application/json", Authorization: `Basic ${btoa(`${kept.writeKey}:`)}` },
      body: JSON.stringify({ userId: "user-2", event: "While paused" }),
    });
    await page.getByText("1 event arrived since the pause").waitFor();
    assert.equal(await page.getByRole("cell", { name: "While paused" }).count(), 0);
    await page.getByRole("button", { name: "Go on" }).click();
    await page.getByRole("cell", { name: "While paused" }).waitFor();
  },

  async "the quarantine keeps what was rejected, and its address opens it"({ page }) {
    await page.getByRole("button", { name: "Quarantine" }).click();
    await page.getByRole("row").filter({ hasText: "rejected" }).first().click();
    await until("the message is in the address", () => page.url().includes("open=qua_"));
    const drawer = page.getByRole("dialog");
    await drawer.getByText("Kept as").waitFor();
    await page.reload();
    await drawer.getByText("Kept as").waitFor();
    await accessible(page, "quarantine");
    await page.keyboard.press("Escape");
    await drawer.waitFor({ state: "detached" });
  },

  async "a channel explains itself"({ page, url }) {
    await page.goto(
      `${url}/channels?url=${encodeURIComponent("https://example.com/?utm_source=google&utm_medium=cpc")}`,
    );
    await page.getByRole("heading", { name: "Why it has its channel" }).waitFor();
    await page.getByText("Paid Search").first().waitFor();
    await page.getByRole("heading", { name: "Earlier rules that did not hold" }).waitFor();
    await accessible(page, "explain a channel");
  },

  async "the palette finds a page by another word and goes there"({ page }) {
    await page.keyboard.press("Control+k");
    await page.getByRole("combobox", { name: "Search pages and commands" }).fill("team");
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: "Add member" }).waitFor();
  },

  async "a member is added and the one-time password is shown once"({ page, kept }) {
    await page.getByRole("button", { name: "Add member" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Email").fill("grace@example.com");
    await dialog.getByLabel("Name").fill("Grace Hopper");
    await dialog.getByLabel("Role").selectOption("viewer");
    await dialog.getByRole("button", { name: "Add member" }).click();
    kept.viewerPassword = (await dialog.getByRole("region", { name: "one-time password" }).textContent()).trim();
    await dialog.getByRole("button", { name: "Done" }).click();
    await page.getByRole("cell", { name: "Grace Hopper", exact: true }).waitFor();
    await accessible(page, "members");
  },

  async "a key is created, shown once, and revoked"({ page }) {
    await page.getByRole("link", { name: "Keys" }).click();
    await page.getByRole("button", { name: "Create key" }).click();
    const dialog = page.getByRole("dialog");
    await accessible(page, "create key");
    await dialog.getByLabel("Name").fill("Shop of the summer");
    await dialog.getByRole("button", { name: "Create key" }).click();
    await dialog.getByRole("region", { name: "key" }).first().waitFor();
    await dialog.getByRole("button", { name: "Done" }).click();
    const row = page.getByRole("row").filter({ hasText: "Shop of the summer" });
    await row.getByRole("button", { name: "Revoke" }).click();
    await page.getByRole("alertdialog").getByRole("button", { name: "Revoke key" }).click();
    await row.getByText("revoked").waitFor();
    await accessible(page, "keys");
  },

  async "the audit trail tells it all and holds together"({ page }) {
    await page.getByRole("link", { name: "Audit" }).click();
    await page.getByRole("row").filter({ hasText: "Ada Lovelace" }).first().waitFor();
    await page.getByRole("button", { name: "Check the chain" }).click();
    await page.getByText(/^Intact/).waitFor();
    await accessible(page, "audit");
  },

  async "settings and jobs are accessible, light and dark, wide and narrow"({ page }) {
    for (const [path, ready] of [
      ["Workspace", "Save settings"],
      ["Jobs", "State"],
    ]) {
      await page.getByRole("navigation", { name: "Settings" }).getByRole("link", { name: path }).click();
      await page.getByText(ready).first().waitFor();
      for (const colorScheme of ["light", "dark"]) {
        await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
        await accessible(page, `settings, ${path}, ${colorScheme}`);
      }
      await page.setViewportSize({ width: 768, height: 1024 });
      await fitsWindow(page, `settings, ${path}`);
      await page.setViewportSize({ width: 1440, height: 900 });
    }
    await page.emulateMedia({ colorScheme: "light", reducedMotion: "reduce" });
  },

  async "a viewer sees less, and is told so"({ browser, url, kept }) {
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, reducedMotion: "reduce" });
    const page = await context.newPage();
    await page.goto(`${url}/events`);
    await page.getByRole("heading", { name: "Sign in" }).waitFor();
    await accessible(page, "sign in");
    await page.getByLabel("Email").fill("grace@example.com");
    await page.getByLabel("Password").fill(kept.viewerPassword);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("heading", { name: "Choose a password" }).waitFor();
    await page.getByLabel("Password you have now").fill(kept.viewerPassword);
    await page.getByLabel("New password").fill("another sentence to remember");
    await page.getByRole("button", { name: "Save password" }).click();
    await page.getByRole("navigation", { name: "Areas" }).waitFor();
    assert.equal(await page.getByRole("link", { name: "Live events" }).count(), 0);
    await context.close();
  },

  async "signing out ends the session, signing in leads back to the page"({ page, url }) {
    await page.getByRole("button", { name: /Signed in as/ }).click();
    await page.getByRole("menuitem", { name: /Sign out/ }).click();
    await page.getByRole("heading", { name: "Sign in" }).waitFor();
    await page.goto(`${url}/w/acme-soehne/settings/keys`);
    await page.getByLabel("Email").fill(OWNER.email);
    await page.getByLabel("Password").fill("not the password at all");
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("alert").waitFor();
    await page.getByLabel("Password").fill(OWNER.password);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("button", { name: "Create key" }).waitFor();
  },
};
