import { expect, test, type Browser, type Page } from "@playwright/test";
import { address, database, enter, program } from "../harness/console.ts";
import { addPerson, kept } from "../harness/people.ts";
import { badge, live } from "../harness/pages.ts";
import { startProvider } from "../harness/provider.ts";

/** A browser that nobody is signed in with. */
async function stranger(browser: Browser): Promise<Page> {
  return (await browser.newContext({ storageState: { cookies: [], origins: [] } })).newPage();
}

async function signIn(page: Page, name: string, password: string): Promise<void> {
  await page.getByLabel("Name").fill(name);
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
}

/** A name that no other test has. */
let count = 0;
function someone(): string {
  count += 1;
  return `person-${count}-${Date.now() % 100_000}`;
}

for (const javaScriptEnabled of [true, false]) {
  test(`one signs in, comes back to where one was, and signs out, ${javaScriptEnabled ? "with" : "without"} script`, async ({ browser }) => {
    const context = await browser.newContext({ storageState: { cookies: [], origins: [] }, javaScriptEnabled });
    const page = await context.newPage();
    const name = someone();
    const password = addPerson(program, database, name, "viewer");

    await page.goto("/pods?filter=fleet-api");
    await expect(page).toHaveURL(/\/sign-in\?to=/);
    await signIn(page, name, "not the password");
    await expect(page.getByRole("alert")).toContainText("Not signed in");
    await signIn(page, name, password);
    await expect(page).toHaveURL(/\/pods\?filter=fleet-api$/);
    if (javaScriptEnabled) await live(page);

    await page.getByRole("banner").getByLabel(`Account of ${name}`).click();
    await page.getByRole("button", { name: "Sign out" }).click();
    await expect(page.getByRole("status")).toContainText("Signed out.");
    await page.goto("/");
    await expect(page).toHaveURL(/\/sign-in/);
    await context.close();
  });
}

test("a page that is open goes to the sign-in when its session is ended, and comes back after it", async ({ browser, page }) => {
  const name = someone();
  const password = addPerson(program, database, name, "viewer");
  const other = await stranger(browser);
  await other.goto("/e/fleet-management/production");
  await signIn(other, name, password);
  await live(other);

  await page.goto("/people");
  await page.getByText(`Disable ${name}…`).click();
  await page.getByRole("button", { name: `Disable: ${name}` }).click();
  await expect(page.getByRole("status").filter({ hasText: "sessions have ended" })).toBeVisible();
  await expect(other).toHaveURL(/\/sign-in\?why=expired&to=/, { timeout: 5_000 });
  await signIn(other, name, password);
  await expect(other.getByRole("alert")).toContainText("the account is disabled");

  await page.getByRole("button", { name: `Enable: ${name}` }).click();
  await signIn(other, name, password);
  await expect(other).toHaveURL(/\/e\/fleet-management\/production$/);
  await other.context().close();
});

test("whoever sees one environment sees nothing of the others, anywhere", async ({ browser }) => {
  const secret = await enter(someone(), "viewer@fleet-management/staging");
  const context = await browser.newContext({ storageState: kept(secret) as never });
  const page = await context.newPage();
  await page.goto("/");
  await live(page);
  await expect(page.getByRole("main")).toContainText("Fleet Management");
  for (const hidden of ["Production", "Super-Todo", "FleetOps", "CTAFleet"]) {
    await expect(page.locator("body")).not.toContainText(hidden);
  }
  await page.goto("/pods");
  await live(page);
  await expect(page.locator("#rows")).toContainText("fleet-app");
  await expect(page.locator("#rows")).not.toContainText("super-todo");
  for (const path of ["/e/fleet-management/production", "/e/super-todo/production"]) {
    expect((await page.goto(path))?.status(), path).toBe(404);
  }
  expect((await page.goto("/people"))?.status()).toBe(403);
  await context.close();
});

test("a role that is given counts after the next sign-in, and stands in the record", async ({ browser, page }) => {
  const name = someone();
  const password = addPerson(program, database, name);
  const other = await stranger(browser);
  await other.goto("/");
  await signIn(other, name, password);
  await expect(other.getByRole("main")).not.toContainText("Fleet Management");

  await page.goto("/people");
  await page.getByLabel(`Role for ${name}`, { exact: true }).selectOption("operator");
  await page.getByLabel(`Where the role holds, for ${name}`).selectOption("fleet-management/staging");
  await page.getByRole("button", { name: `Give the role to ${name}` }).click();
  await expect(page.getByRole("listitem").filter({ hasText: "operator in fleet-management/staging" }).first()).toBeVisible();
  await page.goto("/changes?kind=role-granted");
  await page.getByRole("link", { name: `Gave ${name} the role operator in fleet-management/staging.` }).click();
  await expect(page.getByRole("main")).toContainText("kim, as admin");

  await expect(other).toHaveURL(/\/sign-in/, { timeout: 5_000 });
  await signIn(other, name, password);
  await expect(other.getByRole("main")).toContainText("Fleet Management");
  await other.context().close();
});

test("the keys and the palette work on pages that the server wrote whole", async ({ page }) => {
  await page.goto("/changes");
  await live(page);
  await page.keyboard.press("Control+k");
  await page.getByRole("combobox", { name: /^Go to a page/ }).fill("prod api");
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/deployment\/fleet-api$/);
  await page.goBack();
  await expect(page.getByRole("heading", { level: 1, name: "Changes" })).toBeVisible();
  await page.keyboard.press("g");
  await page.keyboard.press("w");
  await expect(page).toHaveURL(`${address}/`);
  await expect(badge(page, "live")).toBeVisible();
});

test("what was typed is still there after a sign-in in between", async ({ browser, page }) => {
  const name = someone();
  const password = addPerson(program, database, name, "admin");
  const other = await stranger(browser);
  await other.goto("/people");
  await signIn(other, name, password);
  await live(other);
  await other.getByLabel("New name").fill("half & a name");

  await page.goto("/people");
  await page.getByRole("button", { name: `End sessions: ${name}` }).click();
  await expect(other).toHaveURL(/\/sign-in\?why=expired&to=/, { timeout: 5_000 });
  await signIn(other, name, password);
  await expect(other).toHaveURL(/\/people\?/);
  await expect(other.getByLabel("New name")).toHaveValue("half & a name");
  await other.context().close();
});

test.describe("a provider", () => {
  let stop: () => Promise<void>;
  test.beforeAll(async () => {
    stop = await startProvider(["crew"]);
  });
  test.afterAll(() => stop());

  for (const javaScriptEnabled of [true, false]) {
    test(`one signs in by a provider on another site, ${javaScriptEnabled ? "with" : "without"} script`, async ({ browser }) => {
      const context = await browser.newContext({ storageState: { cookies: [], origins: [] }, javaScriptEnabled });
      const page = await context.newPage();
      await page.goto("/pods?filter=fleet-app");
      await page.getByRole("link", { name: "Sign in with Example" }).click();
      await page.getByRole("link", { name: "Decline" }).click();
      await expect(page).toHaveURL(/\/sign-in\?/);
      await expect(page.getByRole("alert")).toBeVisible();

      await page.getByRole("link", { name: "Sign in with Example" }).click();
      await page.getByRole("link", { name: "Continue as ada" }).click();
      await expect(page).toHaveURL(/\/pods\?filter=fleet-app$/);
      if (javaScriptEnabled) await live(page);
      // The group brings a role in one environment, and the rest does not exist.
      await expect(page.getByRole("main")).toContainText("fleet-app");
      await expect(page.locator("body")).not.toContainText("fleet-management-dev");
      await page.goto("/account");
      await expect(page.getByRole("main")).toContainText("crew");
      await context.close();
    });
  }
});
