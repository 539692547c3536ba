import { test } from "@playwright/test";
import { root } from "./harness/clusters.ts";
import { live, pages } from "./harness/pages.ts";

/** With `SCREENS=readme`, only the pictures that README shows. */
const forReadme = process.env.SCREENS === "readme";

for (const { name, path } of pages) {
  for (const width of [1440, 390]) {
    for (const colorScheme of ["light", "dark"] as const) {
      const shown = name === "wall" && (width === 390) === (colorScheme === "dark");
      if (forReadme && !shown) continue;
      test(`${name}, ${width} px, ${colorScheme}`, async ({ page }) => {
        await page.setViewportSize({ width, height: width === 390 ? 844 : 900 });
        await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
        await page.goto(path);
        await live(page);
        const folder = forReadme ? `${root}/docs/screens` : `${root}/end2end/screens`;
        await page.screenshot({ path: `${folder}/${name}-${width}-${colorScheme}.png`, fullPage: !forReadme });
      });
    }
  }
}
