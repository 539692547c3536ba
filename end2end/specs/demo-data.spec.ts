import { expect, test, type Browser, type BrowserContext, type Locator, type Page } from "@playwright/test";
import { enter } from "../harness/console.ts";
import { live } from "../harness/pages.ts";
import { kept } from "../harness/people.ts";

const staging = "fleet-management/staging";
const production = "fleet-management/production";

let secrets: Record<string, string> = {};

/** A browser of somebody with a role everywhere. */
async function as(browser: Browser, role: "tester" | "operator" | "viewer", options = {}): Promise<[BrowserContext, Page]> {
  secrets[role] ??= await enter(`demo-${role}-${process.pid}`, role);
  const context = await browser.newContext({ storageState: kept(secrets[role]) as never, ...options });
  return [context, await context.newPage()];
}

/** What the panel says of an environment. */
function card(page: Page, environment: string): Locator {
  return page.locator(`section[data-environment="${environment}"]`);
}

/** Presses on the plan that is open, and waits for the end. */
async function press(page: Page, button: string, reason: string): Promise<void> {
  if (reason !== "") await page.getByLabel("Reason, for the record").fill(reason);
  await page.getByLabel(`Type ${staging} to confirm`).fill(staging);
  await page.getByRole("button", { name: button }).click();
  await expect(page).toHaveURL(/\/demo-data\/reset\?.*id=[0-9a-f]{32}/);
  await expect(page.locator("main [role=status]").first()).toContainText("Done", { timeout: 60_000 });
}

for (const javaScriptEnabled of [true, false]) {
  const how = javaScriptEnabled ? "with" : "without";
  test(`a tester takes staging from drifted to clean and back, ${how} script`, async ({ browser }) => {
    const [context, page] = await as(browser, "tester", { javaScriptEnabled });
    await page.goto("/");
    await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Demo data" }).click();
    const place = card(page, staging);
    // The databases come with what testers left behind; without script it is what the first round put back.
    await expect(place).toContainText("Holds other rows");
    await expect(place.getByRole("row", { name: /^vehicles/ })).toContainText("123");
    await expect(place).toContainText("3 people are signed in to the application.");

    await place.getByRole("link", { name: "Reset…" }).click();
    await expect(page.getByRole("listitem").filter({ hasText: "vehicles: 123 rows now, 100 afterwards" })).toHaveAttribute("data-level", "Mind");
    await expect(page.getByText("the database is the one that was enrolled for this environment")).toBeVisible();
    await press(page, "Reset demo data", "QA agreed");
    for (const step of ["connect", "lock", "identify", "snapshot", "truncate", "seed", "passwords", "verify", "commit", "clear-cache", "check"]) {
      await expect(page.locator(`[data-step="${step}"]`)).toHaveAttribute("data-word", "done");
    }
    await expect(page.locator("main")).toContainText("1144 rows of seed version 1 in 7 tables. 10 new passwords.");

    await page.getByRole("button", { name: "Show the new passwords" }).click();
    const words = page.getByRole("row").filter({ hasText: "@demofleet.example" });
    await expect(words).toHaveCount(10);
    const first = await words.first().locator("td").innerText();
    expect(first).toMatch(/^([a-z2-9]{5}-){3}[a-z2-9]{5}$/);
    await page.getByRole("link", { name: "Back to the reset" }).click();
    await page.getByRole("button", { name: "Show the new passwords" }).click();
    await expect(page.locator("body")).toContainText("The passwords were shown already");
    await expect(page.locator("body")).not.toContainText(first);

    await page.goto("/demo-data");
    await expect(async () => {
      await page.reload();
      await expect(place).toContainText("Every table is as the seed left it.", { timeout: 500 });
    }).toPass();
    await place.getByRole("link", { name: "Put the snapshot back…" }).click();
    await expect(page.getByText("vehicles: 100 rows now, 123 from before the reset put back")).toBeVisible();
    await press(page, "Put the snapshot back", "QA wants to look at it again");
    await page.goto(`/changes?environment=${staging}&kind=reset-demo-data`);
    await expect(page.getByText("Put back the demo data of Fleet Management / Staging").first()).toBeVisible();
    await context.close();
  });
}

test("whoever reserved it is told on the page they have open that somebody reset it all the same", async ({ browser }) => {
  const [hers, ana] = await as(browser, "operator");
  const [his, tess] = await as(browser, "tester");
  await ana.goto("/demo-data");
  const place = card(ana, staging);
  await place.getByText("Reserve…").click();
  await place.getByLabel("What for").fill("regression run of 4.2");
  await place.getByRole("button", { name: "Reserve" }).click();
  await expect(place).toContainText("regression run of 4.2");
  await ana.goto("/");
  await live(ana);

  await tess.goto(`/demo-data/plan?environment=${staging}`);
  await expect(tess.getByText("regression run of 4.2. They will be told")).toBeVisible();
  await press(tess, "Reset demo data", "release is blocked");
  await expect(ana.getByText(/reset the demo data of Fleet Management \/ Staging over your reservation.*release is blocked/)).toBeVisible();

  await ana.goto("/demo-data");
  await expect(place).toContainText("reset it all the same");
  await place.getByRole("button", { name: "Release" }).click();
  await expect(ana.getByText("Released: others may reset it.")).toBeVisible();
  await hers.close();
  await his.close();
});

test("in production there is no trace of it, and a request made by hand is refused and recorded", async ({ browser }) => {
  const [context, page] = await as(browser, "operator");
  await page.goto("/demo-data");
  await expect(page.locator("main section")).toHaveCount(2);
  await expect(page.locator("main")).not.toContainText("Production");
  await page.goto(`/e/${production}`);
  await expect(page.locator("main")).not.toContainText(/demo data/i);
  const answer = await page.goto(`/demo-data/plan?environment=${production}`);
  expect(answer?.status()).toBe(404);

  await page.goto(`/demo-data/plan?environment=${staging}`);
  await page.locator('input[name="environment"]').evaluate((input: HTMLInputElement, value) => (input.value = value), production);
  await page.locator('input[name="typed"]').evaluate((input: HTMLInputElement, value) => {
    input.removeAttribute("pattern");
    input.value = value;
  }, production);
  const reason = page.getByLabel("Reason, for the record");
  if (await reason.count()) await reason.fill("by hand");
  const [refused] = await Promise.all([
    page.waitForResponse((response) => response.request().method() === "POST"),
    page.getByRole("button", { name: "Reset demo data" }).click(),
  ]);
  expect(refused.status()).toBe(404);
  await page.goto(`/changes?environment=${production}&kind=reset-demo-data`);
  await expect(page.getByText(`Reset demo data in ${production}: refused`).first()).toBeVisible();
  await context.close();
});

test("a viewer sees how the data stand, and no button", async ({ browser }) => {
  const [context, page] = await as(browser, "viewer");
  await page.goto("/demo-data");
  await expect(card(page, staging)).toContainText("Fleet Management");
  await expect(page.locator("main").getByRole("link", { name: /…$/ })).toHaveCount(0);
  await expect(page.locator("main").getByText("Reserve…")).toHaveCount(0);
  await page.goto(`/demo-data/plan?environment=${staging}`);
  await expect(page.getByText("resetting demo data here needs the role tester, operator or lead").first()).toBeVisible();
  await expect(page.getByRole("button", { name: "Reset demo data" })).toBeDisabled();
  await context.close();
});
