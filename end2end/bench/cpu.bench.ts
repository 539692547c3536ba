// Processor time for a thousand events: what the server spends beyond idling, with one viewer and with fifty.
import { test } from "@playwright/test";

import { Changes } from "./changes.ts";
import { sleep } from "./clock.ts";
import { Figures } from "./figures.ts";
import { cpu } from "./proc.ts";
import { withServer } from "./server.ts";
import { Tab, firstPod, launch, renderers, rowOf } from "./tab.ts";
import { viewers } from "./viewer.ts";

const EVENTS = 10_000;
const RATE = 200;
/** How long idling is looked at, in milliseconds. */
const IDLE = 15_000;

/** What a process spends in a time, and how long that was, in milliseconds. */
async function spent(pid: number, work: () => Promise<unknown>): Promise<{ cpu: number; took: number }> {
  const [before, start] = [cpu(pid), performance.now()];
  await work();
  return { cpu: cpu(pid) - before, took: performance.now() - start };
}

/** Milliseconds for a thousand events, without those that would have been spent anyway. */
async function perThousand(pid: number): Promise<{ events: number; idle: number }> {
  const idle = await spent(pid, () => sleep(IDLE));
  const others = await Changes.start(RATE, { count: EVENTS });
  const busy = await spent(pid, () => others.done());
  const { sent } = await others.done();
  return { events: ((busy.cpu - (idle.cpu * busy.took) / idle.took) * 1000) / sent, idle: (idle.cpu * 1000) / idle.took };
}

test("cpu", async () => {
  const figures = new Figures("cpu");
  await withServer(async (server) => {
    await sleep(5000);
    for (const count of [1, 50]) {
      const all = await viewers(server, count);
      const { events, idle } = await perThousand(server.pid);
      figures.one(`cpu-${count}`, events);
      if (count === 1) figures.one("cpu-idle", idle);
      figures.detail(`${count} viewers`, { events, idle, heard: all[0].heard });
      for (const viewer of all) viewer.leave();
    }
    const browser = await launch();
    try {
      // A browser without a window has a renderer of its own, which shows nothing of ours.
      const others = await renderers(browser);
      const tab = await Tab.open(browser, rowOf(await firstPod(server)));
      await tab.show(server, "/pods");
      await tab.live();
      await sleep(3000);
      const [pid] = (await renderers(browser)).filter((one) => !others.includes(one));
      figures.one("cpu-renderer", (await perThousand(pid)).events);
    } finally {
      await browser.close();
    }
  });
  figures.write();
});
