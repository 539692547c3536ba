// Watches on the API server: as many with twenty viewers as with one.
import { test } from "@playwright/test";

import { sleep } from "./clock.ts";
import { Figures } from "./figures.ts";
import { watches } from "./kube.ts";
import { withServer } from "./server.ts";
import { Viewer, viewers } from "./viewer.ts";

test("watches", async () => {
  const figures = new Figures("watches");
  const before = await watches();
  await withServer(async (server) => {
    const first = await Viewer.join(server);
    await sleep(2000);
    const withOne = await watches();
    const others = await viewers(server, 19);
    await sleep(2000);
    const withTwenty = await watches();
    figures.one("watches-1", withOne - before);
    figures.one("watches-further", withTwenty - withOne);
    figures.detail("watches", { before, withOne, withTwenty });
    for (const viewer of [first, ...others]) viewer.leave();
  });
  figures.write();
});
