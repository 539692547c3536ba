import { expect, type Locator, type Page } from "@playwright/test";

/** What the lines of a page of logs are scrolled in. */
export function frame(page: Page): Locator {
  return page.getByRole("region", { name: "Lines, oldest first" });
}

/** The entries and marks on a page of logs, in their order. */
export function entries(page: Page): Locator {
  return frame(page).locator("[data-level], [data-mark]");
}

/** Opens a page of logs, and returns once what it is about is followed. */
export async function follow(page: Page, url: string): Promise<void> {
  await page.goto(url);
  await expect(page.getByText(/^Following \d+ container/)).toBeVisible();
}

/** The numbers of the lines `number 12.` that stand on a page, in their order. */
export function numbers(page: Page): Promise<number[]> {
  return entries(page).evaluateAll((all) => all.flatMap((one) => /number (\d+)\./.exec(one.textContent ?? "")?.slice(1).map(Number) ?? []));
}
