// Time until the first content is seen, in a tab with empty caches.
import { type Browser, test } from "@playwright/test";

import { now } from "./clock.ts";
import { Figures } from "./figures.ts";
import { settings } from "./settings.ts";
import { type Server, withServer } from "./server.ts";
import { Tab, type Times, firstCell, firstPod, launch, rowOf } from "./tab.ts";

interface Runs {
  path: string;
  selector: string;
  slow?: boolean;
  count: number;
}

async function times(browser: Browser, server: Server, { path, selector, slow, count }: Runs): Promise<Times[]> {
  const all: Times[] = [];
  // The first one is not counted: it fills what the server and the browser keep for everybody.
  for (let run = 0; run <= count; run += 1) {
    const tab = await Tab.open(browser, selector, { slow });
    await tab.show(server, path);
    await tab.live();
    if (run > 0) all.push(await tab.times());
    await tab.close();
  }
  return all;
}

/** From the click on a column's head until the rows are in another order. */
async function sortOnce(browser: Browser, server: Server, selector: string): Promise<number> {
  const tab = await Tab.open(browser, selector);
  await tab.show(server, "/pods");
  await tab.live();
  const took = await tab.page.evaluate(
    () =>
      new Promise<number>((resolve) => {
        const order = () => document.querySelector("#rows th")?.getAttribute("title");
        const [before, start] = [order(), performance.now()];
        const observer = new MutationObserver(() => {
          if (order() === before) return;
          observer.disconnect();
          resolve(performance.now() - start);
        });
        observer.observe(document.body, { childList: true, subtree: true });
        const heads = [...document.querySelectorAll<HTMLElement>("#pods thead a")];
        const age = heads.find((head) => head.textContent?.startsWith("Environment"));
        // Twice: the first order may have the same first row.
        age?.click();
        if (order() === before) setTimeout(() => age?.click(), 200);
      }),
  );
  await tab.close();
  return took;
}

test("first", async () => {
  const figures = new Figures("first");
  const browser = await launch();
  await withServer(async (server) => {
    const pods = { path: "/pods", selector: rowOf(await firstPod(server)) };
    const wall = { path: "/", selector: await firstCell(server) };
    const began = now();
    for (const [name, page] of Object.entries({ pods, wall })) {
      // More runs than of the others: the goal has a 95th percentile.
      const fast = await times(browser, server, { ...page, count: Math.max(20, settings.runs) });
      const content = fast.map((one) => one.content);
      figures.median(`first-${name}`, content);
      figures.quantile(`first-${name}-p95`, content, 0.95);
      const slow = await times(browser, server, { ...page, slow: true, count: settings.runs });
      figures.median(`first-${name}-line`, slow.map((one) => one.content));
      figures.detail(`times of ${page.path}`, { loopback: fast, line: slow });
      if (name === "pods") {
        figures.median("ttfb-pods", fast.map((one) => one.byte));
        figures.median("fcp-pods", fast.map((one) => one.paint));
        figures.median("live-pods", fast.map((one) => one.live));
        figures.median("live-pods-line", slow.map((one) => one.live));
      }
    }
    const sorts: number[] = [];
    for (let run = 0; run < settings.runs; run += 1) sorts.push(await sortOnce(browser, server, pods.selector));
    figures.median("sort-pods", sorts);
    figures.detail("took", now() - began);
  }).finally(() => browser.close());
  figures.write();
});
