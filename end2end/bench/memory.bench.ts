// Memory: of the server without and with viewers, of a renderer that shows the pods.
import { test } from "@playwright/test";

import { Changes } from "./changes.ts";
import { sleep } from "./clock.ts";
import { Figures } from "./figures.ts";
import { memory, proportional } from "./proc.ts";
import { withServer } from "./server.ts";
import { Tab, firstPod, launch, renderers, rowOf } from "./tab.ts";
import { Viewer, viewers } from "./viewer.ts";

const MEGA = 1_000_000;
/** How long pods change while growth is looked for, in seconds. */
const GROWTH = 60;

test("memory", async () => {
  const figures = new Figures("memory");
  await withServer(async (server) => {
    // What the first lists left is freed by then, if it is freed at all.
    await sleep(10_000);
    const synced = memory(server.pid);
    figures.one("memory-server", synced.now / MEGA);
    figures.one("memory-server-peak", synced.most / synced.now);
    const first = await Viewer.join(server);
    await sleep(3000);
    const withOne = memory(server.pid).now;
    figures.one("memory-server-1", withOne / MEGA);
    const others = await viewers(server, 19);
    await sleep(5000);
    const withTwenty = memory(server.pid).now;
    figures.one("memory-server-20", withTwenty / MEGA);
    figures.one("memory-viewer", (withTwenty - withOne) / 19 / 1000);
    for (const viewer of [first, ...others]) viewer.leave();

    const browser = await launch();
    try {
      // A browser without a window has a renderer of its own, which shows nothing of ours.
      const others = await renderers(browser);
      const tab = await Tab.open(browser, rowOf(await firstPod(server)));
      await tab.show(server, "/pods");
      await tab.live();
      await sleep(2000);
      await tab.collectGarbage();
      const [pid, ...more] = (await renderers(browser)).filter((one) => !others.includes(one));
      figures.one("memory-renderer", proportional(pid) / MEGA);
      const before = await tab.heap();
      figures.one("memory-heap", (before.script + before.wasm) / MEGA);
      figures.detail("heap", before);
      figures.detail("further renderers of the page", more.length);

      // Once around before it counts: what is made once is no growth.
      await (await Changes.start(50, { count: 500 })).done();
      await tab.collectGarbage();
      const early = await tab.heap();
      await (await Changes.start(50, { count: 50 * GROWTH })).done();
      await tab.collectGarbage();
      const late = await tab.heap();
      const grown = late.script + late.wasm - early.script - early.wasm;
      figures.one("memory-growth", grown / 1000 / (GROWTH / 60));
      figures.detail("growth", { early, late, seconds: GROWTH });
    } finally {
      await browser.close();
    }
    figures.detail("server at the end", memory(server.pid));
  });
  figures.write();
});
