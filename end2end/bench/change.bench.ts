// A change to the screen when nothing else changes, and the floor below it.
import { test } from "@playwright/test";

import { Screen, known } from "./change.ts";
import { Figures } from "./figures.ts";
import { withServer } from "./server.ts";
import { settings } from "./settings.ts";

test("change", async () => {
  const figures = new Figures("change");
  await withServer(async (server) => {
    const screen = await Screen.open(server);
    try {
      // The first ones warm up what is compiled when it is first used, here and in the browser.
      await screen.change(5);
      const { changes, clockError } = await screen.change(settings.changes);
      const times = known(changes.map((change) => change.screen));
      const floors = known(changes.map((change) => change.floor));
      for (const [name, part] of [["p50", 0.5], ["p95", 0.95], ["p99", 0.99]] as const) {
        figures.quantile(`change-${name}`, times, part);
      }
      figures.quantile("change-max", times, 1);
      figures.one("change-lost", changes.length - times.length);
      const above = known(
        changes.map(({ screen, floor }) => (screen === null || floor === null ? null : screen - floor)),
      );
      for (const [name, part] of [["p50", 0.5], ["p95", 0.95]] as const) {
        figures.quantile(`floor-${name}`, floors, part);
        figures.quantile(`above-floor-${name}`, above, part);
      }
      figures.detail("clock error, ms", clockError);
      figures.detail("changes", changes);
    } finally {
      await screen.close();
    }
  });
  figures.write();
});
