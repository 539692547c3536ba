import { expect, test, type Locator, type Page } from "@playwright/test";
import { kubectl, kill, clusters, signal } from "../harness/clusters.ts";
import { enter } from "../harness/console.ts";
import { forget, withLogs, write } from "../harness/logs.ts";
import { kept } from "../harness/people.ts";

const namespace = "fleet-management-dev";
const place = "fleet-management/development";
const address = `/logs?environment=${place}&component=fleet-api`;

test.afterAll(() => forget("main"));

function frame(page: Page): Locator {
  return page.getByRole("region", { name: "Lines, oldest first" });
}

function entries(page: Page): Locator {
  return frame(page).getByRole("listitem");
}

function say(pod: string, ...texts: string[]): void {
  write("main", namespace, pod, texts.map((text) => [new Date(), text]));
}

/** Opens a page of logs, and returns once what it is about is followed. */
async function follow(page: Page, url = address): Promise<void> {
  await page.goto(url);
  await expect(page.getByText(/^Following \d+ container/)).toBeVisible();
}

test("what is written stands on the page without a click, once, and with its filter", async ({ page, context }) => {
  const [pod] = withLogs("main", namespace, "app=fleet-api");
  say(pod!, "before one", "before two");
  await follow(page);
  await expect(entries(page)).toHaveCount(2);
  say(pod!, "after one", "ERROR after two");
  await expect(entries(page)).toHaveCount(4);
  await expect(entries(page).last()).toContainText("ERROR after two");
  await expect(entries(page).last()).toHaveAttribute("data-level", "error");

  const errors = await context.newPage();
  await follow(errors, `${address}&level=error`);
  say(pod!, "INFO fine", "ERROR after three password=hunter2");
  await expect(entries(errors)).toHaveCount(2);
  await expect(entries(errors).last()).toContainText("ERROR after three password=[masked]");
  await expect(entries(page)).toHaveCount(6);
  await errors.close();
});

test("what came below what one reads is counted and waits", async ({ page }) => {
  const [pod] = withLogs("main", namespace, "app=fleet-api");
  say(pod!, ...Array.from({ length: 150 }, (_, number) => `line ${number}`));
  await follow(page);
  await expect(entries(page)).toHaveCount(150);
  const fromEnd = () => frame(page).evaluate((box) => Math.round(box.scrollHeight - box.clientHeight - box.scrollTop));
  expect(await fromEnd()).toBeLessThan(5);
  await frame(page).evaluate((box) => box.scrollTo(0, 300));
  const seen = () => frame(page).evaluate((box) => box.scrollTop);
  say(pod!, ...Array.from({ length: 32 }, (_, number) => `more ${number}`));
  const button = page.getByRole("button", { name: "32 new lines" });
  await expect(button).toBeVisible();
  expect(await seen()).toBe(300);
  await button.click();
  await expect(button).toBeHidden();
  expect(await fromEnd()).toBeLessThan(5);
  // At its end it stays there.
  say(pod!, "the last");
  await expect(entries(page).last()).toContainText("the last");
  expect(await fromEnd()).toBeLessThan(5);
});
