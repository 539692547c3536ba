// Bytes until the first content is seen, and until the page is live.
import { test } from "@playwright/test";

import { Figures } from "./figures.ts";
import { withServer } from "./server.ts";
import { Tab, firstCell, firstPod, launch, rowOf } from "./tab.ts";

function sum(resources: { bytes: number }[]): number {
  return resources.reduce((bytes, resource) => bytes + resource.bytes, 0);
}

test("bytes", async () => {
  const figures = new Figures("bytes");
  const browser = await launch();
  await withServer(async (server) => {
    const pages = [
      { name: "pods", path: "/pods", selector: rowOf(await firstPod(server)) },
      { name: "wall", path: "/", selector: await firstCell(server) },
    ];
    for (const { name, path, selector } of pages) {
      // Without script: what has to come before the content is seen, on every line and every machine.
      const plain = await Tab.open(browser, selector, { withoutScript: true });
      await plain.show(server, path);
      await plain.quiet();
      const needed = plain.loaded().filter(({ type }) => type === "Document" || type === "Stylesheet");
      figures.one(`bytes-first-${name}`, sum(needed) / 1000);
      await plain.close();

      const live = await Tab.open(browser, selector);
      await live.show(server, path);
      await live.live();
      await live.quiet();
      const loaded = live.loaded();
      figures.one(`bytes-live-${name}`, sum(loaded) / 1000);
      figures.detail(`loaded by ${path}`, loaded);
      if (name === "pods") {
        figures.one("bytes-wasm", sum(loaded.filter(({ url }) => url.endsWith(".wasm"))) / 1000);
        figures.one("bytes-first-pods-loopback", (await live.bytesAtContent()) / 1000);
      }
      await live.close();
    }
    const slow = await Tab.open(browser, pages[0].selector, { slow: true });
    await slow.show(server, "/pods");
    figures.one("bytes-first-pods-line", (await slow.bytesAtContent()) / 1000);
    await slow.close();
  }).finally(() => browser.close());
  figures.write();
});
