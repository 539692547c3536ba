import AxeBuilder from "@axe-core/playwright";
import { expect, test } from "@playwright/test";
import { live, pages } from "../harness/pages.ts";

for (const colorScheme of ["light", "dark"] as const) {
  for (const width of [1440, 390]) {
    test(`axe finds nothing, ${colorScheme}, ${width} px`, async ({ page }) => {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width, height: 900 });
      for (const { path } of pages) {
        await test.step(path, async () => {
          await page.goto(path);
          await live(page);
          const { violations } = await new AxeBuilder({ page }).withTags(["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]).analyze();
          const found = violations.map(({ id, nodes }) => ({ id, nodes: nodes.map(({ html }) => html.slice(0, 200)) }));
          expect.soft(found, path).toEqual([]);
          const wider = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
          expect.soft(wider, `${path} is wider than the window`).toBeLessThanOrEqual(0);
        });
      }
    });
  }
}
