import { readFileSync } from "node:fs";
import { expect, test } from "@playwright/test";
import { Tab } from "../bench/tab.ts";
import { budgets } from "../budgets.ts";
import { kubectl, root } from "../harness/clusters.ts";
import { address } from "../harness/console.ts";
import { live, livePages, pages } from "../harness/pages.ts";

const server = { origin: address };

function sum(resources: { bytes: number }[]): number {
  return resources.reduce((bytes, resource) => bytes + resource.bytes, 0);
}

for (const { name, path } of pages) {
  test(`${name}: little has to come before something is seen`, async ({ browser }) => {
    const tab = await Tab.open(browser, "main h1", { withoutScript: true });
    await tab.show(server, path);
    await tab.quiet();
    const needed = tab.loaded().filter(({ type }) => type === "Document" || type === "Stylesheet");
    expect(needed.length, "a document and its style sheet").toBe(2);
    expect(sum(needed), JSON.stringify(needed)).toBeLessThanOrEqual(budgets.firstContent);
    await tab.close();
  });
}

for (const { name, path } of livePages) {
  test(`${name}: little has to come until it is live`, async ({ browser }) => {
    const tab = await Tab.open(browser, "main h1");
    await tab.show(server, path);
    await tab.live();
    await tab.quiet();
    const loaded = tab.loaded();
    expect(sum(loaded), JSON.stringify(loaded)).toBeLessThanOrEqual(budgets.live);
    await tab.close();
  });
}

test("the browser part is small", () => {
  const manifest = JSON.parse(readFileSync(`${root}/target/site/manifest.json`, "utf8"));
  expect(manifest.files["quarterdeck_bg.wasm"].brotli).toBeLessThanOrEqual(budgets.wasm);
});

/** Watches that the API server answers now, ours and those of its own controllers. */
function watches(): number {
  const lines = kubectl("main", "get", "--raw", "/metrics").split("\n");
  const open = lines.filter((line) => line.startsWith("apiserver_longrunning_requests{") && line.includes('verb="WATCH"'));
  return open.reduce((count, line) => count + Number(line.slice(line.lastIndexOf(" ") + 1)), 0);
}

test("twenty viewers open no more watches than one", async ({ browser }) => {
  const context = await browser.newContext();
  const open = async () => {
    const page = await context.newPage();
    await page.goto(`${address}/pods`);
    await live(page);
  };
  await open();
  const before = watches();
  for (let viewer = 1; viewer < 20; viewer += 1) await open();
  // Controllers open a watch anew now and then; one more for each viewer would stay.
  await expect.poll(watches).toBeLessThanOrEqual(before);
  await context.close();
});
