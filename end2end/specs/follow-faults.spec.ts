import { expect, test } from "@playwright/test";
import { setTimeout as sleep } from "node:timers/promises";
import { Cable } from "../harness/cable.ts";
import { clusters, kill, signal } from "../harness/clusters.ts";
import { address } from "../harness/console.ts";
import { entries, follow, numbers } from "../harness/following.ts";
import { forget, rotate, withLogs, write } from "../harness/logs.ts";

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
