import { writeFileSync } from "node:fs";
import { expect, test } from "@playwright/test";
import { setTimeout as sleep } from "node:timers/promises";
import { kubectl } from "../harness/clusters.ts";
import { database, enter, program } from "../harness/console.ts";
import { entries, follow, frame, numbers } from "../harness/following.ts";
import { forget, rotate, withLogs, write } from "../harness/logs.ts";
import { kept, revoke } from "../harness/people.ts";

const namespace = "fleet-management-dev";
const place = "fleet-management/development";
const address = `/logs?environment=${place}&component=fleet-api`;

test.afterAll(() => forget("main"));

function say(pod: string, ...texts: string[]): void {
  write("main", namespace, pod, texts.map((text) => [new Date(), text]));
}

test("what is written stands on the page without a click, once, and with its filter", async ({ page, context }) => {
  const [pod] = withLogs("main", namespace, "app=fleet-api");
  say(pod!, "before one", "before two");
  await follow(page, address);
  await expect(entries(page)).toHaveCount(2);
  say(pod!, "after one", "ERROR after two");
  await expect(entries(page)).toHaveCount(4);
  await expect(entries(page).last()).toContainText("ERROR after two");
  await expect(entries(page).last()).toHaveAttribute("data-level", "error");

  const errors = await context.newPage();
  await follow(errors, `${address}&level=error`);
  say(pod!, "INFO fine", "ERROR after three password=hunter2");
  await expect(entries(errors)).toHaveCount(2);
  await expect(entries(errors).last()).toContainText("ERROR after three password=[masked]");
  await expect(entries(page)).toHaveCount(6);
  await errors.close();
});

test("what came below what one reads is counted and waits", async ({ page }) => {
  const [pod] = withLogs("main", namespace, "app=fleet-api");
  say(pod!, ...Array.from({ length: 150 }, (_, number) => `line ${number}`));
  await follow(page, address);
  await expect(entries(page)).toHaveCount(150);
  const fromEnd = () => frame(page).evaluate((box) => Math.round(box.scrollHeight - box.clientHeight - box.scrollTop));
  expect(await fromEnd()).toBeLessThan(5);
  await frame(page).evaluate((box) => box.scrollTo(0, 300));
  const seen = () => frame(page).evaluate((box) => box.scrollTop);
  say(pod!, ...Array.from({ length: 32 }, (_, number) => `more ${number}`));
  const button = page.getByRole("button", { name: "32 new lines" });
  await expect(button).toBeVisible();
  expect(await seen()).toBe(300);
  await button.click();
  await expect(button).toBeHidden();
  expect(await fromEnd()).toBeLessThan(5);
  // At its end it stays there.
  say(pod!, "the last");
  await expect(entries(page).last()).toContainText("the last");
  expect(await fromEnd()).toBeLessThan(5);
});

test("what stands around a hit comes with it, once, and hits are counted", async ({ page }) => {
  const [pod] = withLogs("main", namespace, "app=fleet-api");
  say(pod!, "ERROR before");
  let counts = 0;
  page.on("websocket", (socket) => {
    if (socket.url().includes("/logs/live")) socket.on("framereceived", ({ payload }) => (counts += String(payload).includes("matched since") ? 1 : 0));
  });
  await follow(page, `${address}&level=error&context=2`);
  const matched = (count: string) => expect(page.getByText(`${count} matched since`, { exact: true })).toBeVisible();
  await expect(entries(page)).toHaveCount(1);
  await matched("0 entries");
  // What the page shows already is followed by what stands behind it.
  say(pod!, "one", "two", "three", "four", "five", "ERROR six");
  await expect(entries(page)).toHaveCount(6);
  await matched("1 entry");
  say(pod!, "seven");
  await expect(entries(page)).toHaveCount(7);
  say(pod!, "ERROR eight", "nine", "ten", "eleven", "twelve");
  await expect(entries(page)).toHaveCount(10);
  await matched("2 entries");
  const hits = ["before", "six", "eight"];
  const expected = ["before", "one", "two", "four", "five", "six", "seven", "eight", "nine", "ten"];
  for (const [at, text] of expected.entries()) {
    await expect(entries(page).nth(at)).toContainText(text);
    await expect(entries(page).nth(at).and(page.locator("[data-context]")), text).toHaveCount(hits.includes(text) ? 0 : 1);
  }
  // Also those that are not shown, because there are too many, with no more than a frame a second.
  const [start, before] = [Date.now(), counts];
  for (let round = 0; round < 20; round += 1) {
    say(pod!, ...Array.from({ length: 250 }, (_, line) => `ERROR round ${round} line ${line}`));
    await sleep(100);
  }
  await matched("5,002 entries");
  expect(counts - before).toBeLessThanOrEqual((Date.now() - start) / 1000 + 1);
});

test("two environments are followed beside one another, in the order of their times, as one likes to read them", async ({ page, context }) => {
  const [dev] = withLogs("main", namespace, "app=fleet-api");
  const [staging] = withLogs("main", "fleet-management-staging", "app=fleet-api");
  const both = `${address}&environment=fleet-management/staging`;
  const moment = Math.floor(Date.now() / 1000);
  await follow(page, both);
  const other = await context.newPage();
  await follow(other, `${both}&times=${moment}&unbroken`);
  for (let number = 0; number < 20; number += 1) {
    const [space, pod] = number % 2 === 0 ? [namespace, dev] : ["fleet-management-staging", staging];
    write("main", space, pod!, [[new Date(moment * 1000 + number), `number ${number}. ${"long ".repeat(60)}`]]);
  }
  for (const each of [page, other]) await expect.poll(async () => (await numbers(each)).length).toBe(20);
  expect(await numbers(page)).toEqual(Array.from({ length: 20 }, (_, number) => number));
  // What the tests before wrote may stand there too.
  const row = (of: typeof page, number: number) => entries(of).filter({ hasText: `number ${number}. ` });
  const left = async (number: number) => (await row(page, number).boundingBox())!.x;
  expect(await left(0)).toBeLessThan(await left(1));
  expect(await left(2)).toBe(await left(0));
  await expect(row(page, 0).locator("time")).toHaveText(`${new Date(moment * 1000).toISOString().slice(11, 19)}.000`);
  // Since a moment, which is the same for whoever opens the link, and each in a line of its own.
  await expect(row(other, 7).locator("time")).toHaveText("+0:00.007");
  const height = async (of: typeof page) => (await row(of, 0).boundingBox())!.height;
  expect(await height(other)).toBeLessThan(await height(page));
  // The browser said by which clock its owner lives.
  expect((await context.cookies(page.url())).map(({ name, path }) => [name, path])).toContainEqual(["zone", "/logs"]);
  await other.close();
});

/** Writes so many numbered lines, each of them to the next of these pods, ten of them every 40 ms. */
async function count(pods: string[], lines: number): Promise<void> {
  const start = Date.now();
  for (let number = 0; number < lines; number += 10) {
    for (let line = number; line < number + 10; line += 1) {
      write("main", namespace, pods[line % pods.length]!, [[new Date(start + line * 4), `number ${line}.`]]);
    }
    await sleep(start + (number + 10) * 4 - Date.now());
  }
}

/** A file with this object. */
function manifest(object: object): string {
  const path = test.info().outputPath("object.json");
  writeFileSync(path, JSON.stringify(object));
  return path;
}

test("of twenty pods each line stands there once, in the order of their times, also of those that come and go", async ({ page }) => {
  const labels = { app: "counter" };
  const container = { name: "counter", image: "registry.example/counter:1", resources: { requests: { cpu: "1m", memory: "1Mi" }, limits: { cpu: "1m", memory: "1Mi" } } };
  const template = { metadata: { labels, annotations: { "sim.kwok.dev/own-log": "true" } }, spec: { containers: [container] } };
  const spec = { replicas: 1, selector: { matchLabels: labels }, template };
  kubectl("main", "apply", "-f", manifest({ apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "counter", namespace }, spec }));
  const scale = (replicas: number) => {
    kubectl("main", "-n", namespace, "scale", "deployment/counter", `--replicas=${replicas}`);
    kubectl("main", "-n", namespace, "rollout", "status", "deployment/counter", "--timeout=100s");
  };
  try {
    scale(1);
    withLogs("main", namespace, "app=counter");
    await follow(page, `/logs?environment=${place}&component=counter`);
    scale(20);
    const pods = withLogs("main", namespace, "app=counter");
    expect(pods).toHaveLength(20);
    await expect(page.getByText("Following 20 containers")).toBeVisible();
    // What a pod writes before its log is open for the first time comes when it is.
    for (const pod of pods) say(pod, "begins");
    await expect(entries(page).filter({ hasText: "begins" })).toHaveCount(20);
    await count(pods, 1_000);
    await expect.poll(async () => (await numbers(page)).length).toBe(1_000);
    const shown = await numbers(page);
    expect([...shown].sort((one, other) => one - other)).toEqual(Array.from({ length: 1_000 }, (_, number) => number));
    for (let pod = 0; pod < 20; pod += 1) {
      const own = shown.filter((number) => number % 20 === pod);
      expect(own).toEqual([...own].sort((one, other) => one - other));
    }
    // A node may tell late what was written; by two seconds no line is out of its place.
    const far = Math.max(...shown.map((number, at) => Math.abs(number - at)));
    expect(far).toBeLessThan(500);
    await expect(frame(page).getByText("left out")).toHaveCount(0);
    scale(1);
    // What they wrote stays when they are gone.
    await expect(frame(page).getByText(/^counter-.* is gone\.$/)).toHaveCount(19, { timeout: 60_000 });
    expect(await numbers(page)).toHaveLength(1_000);
  } finally {
    kubectl("main", "-n", namespace, "delete", "deployment/counter", "--wait=true");
  }
});

test("a log that its node begins anew is followed on", async ({ page }) => {
  const [pod] = withLogs("main", namespace, "app=fleet-api");
  await follow(page, address);
  for (const end of [100, 200, 300]) {
    for (let number = end - 100; number < end; number += 1) say(pod!, `number ${number}.`);
    // Its node keeps no more than two files; what it did not read of the older one is gone.
    await expect.poll(async () => (await numbers(page)).length).toBe(end);
    rotate("main", namespace, pod!);
  }
  await expect.poll(() => numbers(page)).toEqual(Array.from({ length: 300 }, (_, number) => number));
});

test("a restart is crossed: what the run before wrote last, how it ended, and what the next one writes", async ({ page }) => {
  const labels = { "sim.kwok.dev/scenario": "crashloop" };
  const quick = { "sim.kwok.dev/run-for": "12s", "sim.kwok.dev/backoff": "12s" };
  const patch = (metadata: object) => {
    kubectl("main", "-n", namespace, "patch", "deployment/fleet-app", "--type=merge", "-p", JSON.stringify({ spec: { template: { metadata } } }));
  };
  patch({ labels, annotations: quick });
  try {
    type Pod = { metadata: { name: string; deletionTimestamp?: string }; status: { containerStatuses?: { restartCount: number; state: object }[] } };
    const selector = "app=fleet-app,sim.kwok.dev/scenario=crashloop";
    const status = () => {
      const { items } = JSON.parse(kubectl("main", "-n", namespace, "get", "pods", "-l", selector, "-o", "json")) as { items: Pod[] };
      const pod = items.find((pod) => pod.metadata.deletionTimestamp === undefined);
      const container = pod?.status.containerStatuses?.[0];
      return { pod: pod?.metadata.name, restarts: container?.restartCount, state: Object.keys(container?.state ?? {})[0] };
    };
    await expect.poll(() => status().state, { timeout: 60_000 }).toBe("running");
    const { pod, restarts } = status();
    withLogs("main", namespace, selector);
    await follow(page, `/logs?environment=${place}&pod=${pod}`);
    write("main", namespace, pod!, [[new Date(), "number 0."], [new Date(), "number 1."]]);
    await expect.poll(() => numbers(page)).toEqual([0, 1]);
    await expect.poll(() => status().state, { timeout: 60_000 }).toBe("waiting");
    // Its node keeps the log of the run that ended, and begins another.
    rotate("main", namespace, pod!, true);
    await expect.poll(() => status().restarts, { timeout: 60_000 }).toBeGreaterThan(restarts!);
    write("main", namespace, pod!, [[new Date(), "number 2."]]);
    await expect.poll(() => numbers(page)).toEqual([0, 1, 2]);
    const texts = await entries(page).allTextContents();
    expect(texts.findIndex((text) => /ended with 1 \(Error\)/.test(text)), texts.join("\n")).toBe(2);
  } finally {
    patch({ labels: { "sim.kwok.dev/scenario": null }, annotations: { "sim.kwok.dev/run-for": null, "sim.kwok.dev/backoff": null } });
    kubectl("main", "-n", namespace, "rollout", "status", "deployment/fleet-app", "--timeout=150s");
  }
});

test("a right that is taken ends it within five seconds, with no byte after", async ({ browser }) => {
  const [pod] = withLogs("main", namespace, "app=fleet-api");
  const name = `follow-${process.pid}`;
  const role = "viewer@fleet-management/development";
  const secret = await enter(name, role);
  const context = await browser.newContext({ storageState: kept(secret) as never });
  const page = await context.newPage();
  // The page's other socket would have it leave: here only the one of the logs ends anything.
  await page.routeWebSocket(/:\d+\/live$/, () => {});
  let last = 0;
  page.on("websocket", (socket) => {
    if (socket.url().includes("/logs/live")) socket.on("framereceived", () => (last = Date.now()));
  });
  await follow(page, address);
  let number = 0;
  const speaking = setInterval(() => say(pod!, `number ${(number += 1)}.`), 50);
  try {
    await expect.poll(async () => (await numbers(page)).length).toBeGreaterThan(10);
    revoke(program, database, name, role);
    const taken = Date.now();
    await expect(page).toHaveURL(/\/sign-in/);
    // It would go on.
    await sleep(2_000);
    expect(last - taken).toBeLessThan(5_000);
  } finally {
    clearInterval(speaking);
  }
  await context.close();
});
