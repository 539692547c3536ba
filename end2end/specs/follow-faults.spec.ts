import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { expect, test } from "@playwright/test";
import { setTimeout as sleep } from "node:timers/promises";
import { Cable } from "../harness/cable.ts";
import { clusters, kill, root, run, signal } from "../harness/clusters.ts";
import { address } from "../harness/console.ts";
import { entries, follow, numbers } from "../harness/following.ts";
import { file, forget, rotate, withLogs, write } from "../harness/logs.ts";

const namespace = "fleet-management-dev";
const path = "/logs?environment=fleet-management/development&component=fleet-redis";

test.afterAll(() => forget("main"));

test("logs that are followed while the API server is killed miss no line and double none", async ({ page }) => {
  test.setTimeout(120_000);
  const [pod] = withLogs("main", namespace, "app=fleet-redis");
  await follow(page, path);
  let written = 0;
  const tell = (count: number) => {
    for (const end = written + count; written < end; written += 1) write("main", namespace, pod!, [[new Date(), `number ${written}.`]]);
  };
  const all = () => Array.from({ length: written }, (_, number) => number);
  tell(20);
  await expect.poll(() => numbers(page)).toEqual(all());
  await kill("main", "kube-apiserver");
  tell(20);
  clusters("up");
  tell(20);
  await expect.poll(() => numbers(page), { timeout: 60_000 }).toEqual(all());
  // One that hangs is waited for.
  signal("main", "kube-apiserver", "SIGSTOP");
  tell(20);
  await sleep(5_000);
  signal("main", "kube-apiserver", "SIGCONT");
  tell(20);
  await expect.poll(() => numbers(page), { timeout: 30_000 }).toEqual(all());
  // What was rotated away while it was cut off is no longer there, and that is said.
  await kill("main", "kube-apiserver");
  tell(20);
  const lost = written;
  tell(1);
  rotate("main", namespace, pod!);
  tell(20);
  clusters("up");
  await expect.poll(async () => (await numbers(page)).at(-1), { timeout: 60_000 }).toBe(written - 1);
  expect(await numbers(page)).toEqual(all().filter((number) => number < lost - 20 || number > lost));
  await expect(page.getByText("may be missing here: the connection was cut")).toHaveCount(1);
});

test("a browser that is cut off while it follows gets what was written meanwhile", async ({ page }) => {
  const [pod] = withLogs("main", namespace, "app=fleet-app");
  const cable = new Cable(address);
  await cable.join();
  try {
    await follow(page, cable.address + path.replace("fleet-redis", "fleet-app"));
    write("main", namespace, pod!, [[new Date(), "number 0."]]);
    await expect(entries(page)).toHaveCount(1);
    await cable.cut();
    await expect(page.getByText("Connection lost: trying again")).toBeVisible({ timeout: 15_000 });
    write("main", namespace, pod!, [[new Date(), "number 1."], [new Date(), "number 2."]]);
    await cable.join();
    await expect(entries(page)).toHaveCount(3, { timeout: 30_000 });
    await expect(page.getByText("Following 1 container")).toBeVisible();
  } finally {
    await cable.cut();
  }
});

test("what the demo world lets a container write stands on the page as it was written", async ({ page }) => {
  test.setTimeout(120_000);
  // A container that no test before followed: a tap that lingers still has what stood in its log before.
  const [pod] = withLogs("main", namespace, "app=fleet-postgres");
  const world = spawn(
    process.env.QUARTERDECK_XTASK ?? `${process.env.CARGO_TARGET_DIR ?? `${root}/target`}/debug/xtask`,
    ["world", "--cluster-dir", `${run}/main`, "--listen", "127.0.0.1:0", "--release-minutes", "0"],
    { stdio: ["ignore", "ignore", "inherit"] },
  );
  const written = () => {
    const lines = readFileSync(file("main", namespace, pod!, false), "utf8").trim().split("\n");
    return lines.map((line) => line.split(" ").slice(3).join(" "));
  };
  try {
    // What it says of the time before somebody looked.
    await expect.poll(() => written().length, { timeout: 30_000 }).toBeGreaterThan(3);
    await follow(page, path.replace("fleet-redis", "fleet-postgres"));
    const before = written().length;
    await expect.poll(() => written().length, { timeout: 60_000 }).toBeGreaterThan(before + 3);
  } finally {
    world.kill("SIGINT");
    await once(world, "close");
  }
  const all = written();
  const texts = () => page.locator("#follow-list [data-level] > div").allTextContents();
  await expect(async () => {
    const shown = await texts();
    expect(shown.length).toBeGreaterThan(6);
    // A page begins with the last that it has room for.
    expect(shown).toEqual(all.slice(-shown.length));
  }).toPass({ timeout: 20_000 });
});
