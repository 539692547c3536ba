// Bytes on the socket of a viewer: for a row it sees, for one it does not see, and for nothing.
import { test } from "@playwright/test";

import { Changes } from "./changes.ts";
import { sleep } from "./clock.ts";
import { Figures } from "./figures.ts";
import { pods, setRestarts } from "./kube.ts";
import { withServer } from "./server.ts";
import { COLUMN, Viewer } from "./viewer.ts";

/** How long one looks, in seconds. */
const LOOK = 15;
const CHANGES = 100;

test("wire", async () => {
  const figures = new Figures("wire");
  await withServer(async (server) => {
    const viewer = await Viewer.join(server, COLUMN.name);
    const during = async (work: () => Promise<void>) => {
      const before = structuredClone(viewer.heard);
      const bytes = viewer.bytes;
      await work();
      const frames = Object.fromEntries(
        Object.entries(viewer.heard).map(([kind, { frames, bytes }]) => {
          const old = before[kind as keyof typeof before];
          return [kind, { frames: frames - old.frames, bytes: bytes - old.bytes }];
        }),
      );
      return { bytes: viewer.bytes - bytes, frames };
    };
    await sleep(3000);
    const idle = await during(() => sleep(LOOK * 1000));
    figures.one("wire-idle", idle.bytes / LOOK);

    const all = await pods();
    const shown = all.slice(0, 20);
    const visible = await during(async () => {
      for (let index = 0; index < CHANGES; index += 1) {
        await setRestarts(shown[index % shown.length], 100 + index);
        await sleep(50);
      }
      await sleep(500);
    });
    figures.one("wire-visible", visible.frames.Change.bytes / CHANGES);

    const window = all.slice(0, 150).map(({ name }) => name);
    let made = { sent: 0, failed: 0, seconds: 0 };
    const outside = await during(async () => {
      made = await (await Changes.start(50, { count: 50 * LOOK, skip: window })).done();
    });
    figures.one("wire-outside", outside.frames.Change.bytes / made.sent);
    figures.detail("frames", { idle, visible, outside, made });
    viewer.leave();
  });
  figures.write();
});
