import { expect, test } from "@playwright/test";
import { facts, live, pages } from "../harness/pages.ts";

for (const { name, path, title } of pages) {
  test(`${name} has a title, one heading and something to say`, async ({ page, javaScriptEnabled }) => {
    const trouble: string[] = [];
    page.on("pageerror", (error) => trouble.push(error.message));
    page.on("console", (message) => {
      if (message.type() === "error" || message.type() === "warning") trouble.push(message.text());
    });

    const answer = await page.goto(path);

    expect(answer?.status()).toBe(200);
    await expect(page).toHaveTitle(new RegExp(`${title}.* · Quarterdeck$`));
    await expect(page.getByRole("heading", { level: 1 })).toHaveCount(1);
    expect((await facts(page)).length).toBeGreaterThan(3);
    if (javaScriptEnabled !== false) await live(page);
    expect(trouble).toEqual([]);
  });
}

test("an address that is no page says so", async ({ page }) => {
  const answer = await page.goto("/e/nothing/here");
  expect(answer?.status()).toBe(404);
  await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
});

test("links lead from the wall to an environment to a component and back", async ({ page }) => {
  await page.goto("/");
  await page.getByRole("table", { name: "Fleet Management" }).getByRole("link", { name: /^Development/ }).click();
  await expect(page).toHaveURL(/\/e\/fleet-management\/development$/);
  await page.getByRole("table", { name: /^Components/ }).getByRole("link", { name: "fleet-app", exact: true }).click();
  await expect(page).toHaveURL(/\/deployment\/fleet-app$/);
  await page.goBack();
  await expect(page).toHaveURL(/\/development$/);
  await page.getByRole("banner").getByRole("link", { name: /to the wall/ }).click();
  await expect(page).toHaveURL(/\/$/);
});
