// A change to the screen while other pods change.
import { test } from "@playwright/test";

import { Screen, known } from "./change.ts";
import { Changes } from "./changes.ts";
import { sleep } from "./clock.ts";
import { Figures } from "./figures.ts";
import { withServer } from "./server.ts";
import { settings } from "./settings.ts";

test("load", async () => {
  const figures = new Figures("load");
  await withServer(async (server) => {
    const screen = await Screen.open(server);
    try {
      await screen.change(5);
      for (const rate of [50, 500]) {
        const others = await Changes.start(rate, { skip: screen.window });
        await sleep(2000);
        const { changes, clockError } = await screen.change(Math.ceil(settings.changes / 2));
        const missed = await screen.missedLastValues();
        const made = await others.stop();
        const times = known(changes.map((change) => change.screen));
        const floors = known(changes.map((change) => change.floor));
        for (const [name, part] of [["p50", 0.5], ["p95", 0.95], ["p99", 0.99]] as const) {
          figures.quantile(`load-${rate}-${name}`, times, part);
        }
        figures.quantile(`load-${rate}-floor-p95`, floors, 0.95);
        figures.one(`load-${rate}-lost`, missed + changes.length - times.length);
        if (rate === 500) figures.one("load-500-rate", made.sent / made.seconds);
        figures.detail(`${rate}/s`, { made, clockError, watchesEnded: screen.watchesEnded, changes });
      }
    } finally {
      await screen.close();
    }
  });
  figures.write();
});
