import { expect, test } from "@playwright/test";
import { facts, live, pages } from "../harness/pages.ts";

// The unfiltered list of pods is a window with script and a page of rows without: the filtered one fits into both.
for (const { name, path } of pages.filter((page) => page.name !== "pods")) {
  test(`${name} shows the same facts with script and without`, async ({ page, browser }) => {
    const context = await browser.newContext({ javaScriptEnabled: false });
    const plain = await context.newPage();
    // What is written after a page of logs was made comes with script alone.
    await page.routeWebSocket(/\/logs\/live/, () => {});
    // The demo's crashing pods change while we look: both pages are read until they agree.
    await expect(async () => {
      await page.goto(path);
      await live(page);
      await plain.goto(path);
      expect(await facts(page)).toEqual(await facts(plain));
    }).toPass({ timeout: 30_000 });
    await context.close();
  });
}
