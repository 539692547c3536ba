import { readFileSync } from "node:fs";
import { expect, test, type Browser, type BrowserContext, type Locator, type Page } from "@playwright/test";
import { kubectl } from "../harness/clusters.ts";
import { enter } from "../harness/console.ts";
import { forget, type Written, withLogs, write } from "../harness/logs.ts";
import { kept } from "../harness/people.ts";

const namespace = "fleet-management-dev";
const place = "fleet-management/development";

test.afterAll(() => forget("main"));

// What is followed stays open for a while, and would bring what the test before wrote: these are about the page as it was read.
test.beforeEach(async ({ page }) => {
  await page.routeWebSocket(/\/logs\/live/, () => {});
});

/** The entries on the page, oldest first. */
function entries(page: Page): Locator {
  return page.getByRole("region", { name: "Lines, oldest first" }).locator("[data-level], [data-mark]");
}

/** Moments in the last minutes, each a second after the one before. */
function moments(count: number): Date[] {
  const first = Math.floor(Date.now() / 1000) * 1000 - 300_000;
  return Array.from({ length: count }, (_, place) => new Date(first + place * 1000));
}

/** Gives the pods of a component, of the namespace, logs with these texts in turns. Returns the pods. */
function speak(app: string, texts: string[], space = namespace): string[] {
  const pods = withLogs("main", space, `app=${app}`);
  const times = moments(texts.length);
  texts.forEach((text, place) => write("main", space, pods[place % pods.length]!, [[times[place]!, text]]));
  return pods;
}

/** The pods of a selector that are there to stay and were restarted. There may be none yet, or one still that is on its way out. */
function restarted(selector: string): string[] {
  type Pod = { metadata: { name: string; deletionTimestamp?: string; annotations?: Record<string, string> }; status: { containerStatuses?: { restartCount: number }[] } };
  const { items } = JSON.parse(kubectl("main", "-n", namespace, "get", "pods", "-l", selector, "-o", "json")) as { items: Pod[] };
  // Once it has a log of its own.
  const stays = items.filter((pod) => pod.metadata.deletionTimestamp === undefined && pod.metadata.annotations?.["sim.kwok.dev/own-log"] === "done");
  return stays.filter((pod) => pod.status.containerStatuses?.some((container) => container.restartCount > 0)).map((pod) => pod.metadata.name);
}

async function without(browser: Browser): Promise<[BrowserContext, Page]> {
  const context = await browser.newContext({ javaScriptEnabled: false });
  return [context, await context.newPage()];
}

for (const javaScriptEnabled of [true, false]) {
  test(`from the wall to the line of what failed in two clicks, with${javaScriptEnabled ? "" : "out"} script`, async ({ browser }) => {
    const context = await browser.newContext({ javaScriptEnabled });
    const page = await context.newPage();
    const label = (value: string | null) =>
      JSON.stringify({ spec: { template: { metadata: { labels: { "sim.kwok.dev/scenario": value } } } } });
    kubectl("main", "-n", namespace, "patch", "deployment/fleet-app", "--type=merge", "-p", label("crashloop"));
    try {
      const failing = `app=fleet-app,sim.kwok.dev/scenario=crashloop`;
      await expect.poll(() => restarted(failing), { timeout: 120_000 }).toHaveLength(1);
      const [pod] = restarted(failing);
      withLogs("main", namespace, failing);
      const [start, error, at, end, again] = moments(5) as [Date, Date, Date, Date, Date];
      const before: Written[] = [[start, "info: starting"], [error, "Error: connect ECONNREFUSED 10.96.14.7:5432"], [at, "    at async Pool.connect (/app/pool.js:45:11)"], [end, "npm ERR! code ELIFECYCLE"]];
      // While it runs again this is the run before; while it waits, what is there now: the simulated node tells them apart by file.
      write("main", namespace, pod!, before, true);
      write("main", namespace, pod!, [...before, [again, "info: starting again"]]);

      await page.goto("/");
      await page.getByRole("table", { name: "Fleet Management" }).getByRole("row", { name: /^fleet-app/ }).getByRole("link").first().click();
      await page.getByRole("link", { name: "Logs", exact: true }).and(page.locator("[data-key]")).click();
      await expect(page.getByRole("heading", { level: 1 })).toContainText("Logs of fleet-app in Fleet Management");
      const failed = entries(page).filter({ hasText: "ECONNREFUSED" });
      await expect(failed).toHaveAttribute("data-level", "error");
      // What it called is folded behind it.
      await expect(failed.getByText("Pool.connect")).toBeHidden();
      await failed.getByText("1 more line").click();
      await expect(failed.getByText("Pool.connect")).toBeVisible();
    } finally {
      kubectl("main", "-n", namespace, "patch", "deployment/fleet-app", "--type=merge", "-p", label(null));
      kubectl("main", "-n", namespace, "rollout", "status", "deployment/fleet-app", "--timeout=150s");
    }
    await context.close();
  });
}

test("lines of several containers stand in the order of their times, and a shared link shows the same", async ({ page, browser }) => {
  const [api] = withLogs("main", namespace, "app=fleet-api");
  const [app] = withLogs("main", namespace, "app=fleet-app");
  const times = moments(6);
  times.forEach((time, place) => write("main", namespace, (place % 2 === 0 ? api : app)!, [[time, `line ${place}`]]));
  await page.goto(`/logs?environment=${place}&component=fleet-api&component=fleet-app`);
  await expect(entries(page)).toHaveCount(6);
  const texts = () => entries(page).evaluateAll((all) => all.map((one) => /line \d/.exec(one.textContent ?? "")?.[0]));
  expect(await texts()).toEqual(times.map((_, place) => `line ${place}`));
  await page.getByRole("searchbox", { name: "Find" }).fill("line [14]");
  await page.getByRole("checkbox", { name: "regular expression" }).check();
  await page.getByRole("button", { name: "Read" }).click();
  await expect(entries(page)).toHaveCount(2);
  await expect(page.locator("main mark")).toHaveText(["line 1", "line 4"]);
  await expect(page.getByText("2 entries match. Looked through: 6 lines, at most the last 5,000 of each of 2 containers.")).toBeVisible();

  const [context, other] = await without(browser);
  await context.addCookies(await page.context().cookies());
  await other.goto(page.url());
  await expect(entries(other)).toHaveCount(2);
  await expect(other.locator("main mark")).toHaveText(["line 1", "line 4"]);
  await context.close();
});

test("what is looked for is found, and what is no expression is said", async ({ page }) => {
  speak("fleet-api", ['{"level":"error","msg":"database gone","code":57}', "WARN slow", "INFO fine", "nothing in particular"]);
  const address = `/logs?environment=${place}&component=fleet-api`;
  for (const [query, expected] of [
    ["", ["database gone", "WARN slow", "INFO fine", "nothing in particular"]],
    ["&level=error", ["database gone"]],
    ["&level=warn", ["database gone", "WARN slow"]],
    ["&find=SLOW", ["WARN slow"]],
    ["&find=SLOW&case", []],
    ["&find=slow&not", ["database gone", "INFO fine", "nothing in particular"]],
    ["&since=1m", []],
    ["&since=10m&find=%5Enothing&regex", ["nothing in particular"]],
  ] as const) {
    await page.goto(address + query);
    await expect(entries(page), query).toHaveCount(expected.length);
    for (const [at, text] of expected.entries()) await expect(entries(page).nth(at)).toContainText(text);
  }
  const answer = await page.goto(`${address}&find=(&regex`);
  expect(answer?.status()).toBe(422);
  await expect(page.locator("main").getByRole("alert")).toContainText("'(' is not a regular expression: unclosed group");
  await expect(page.getByRole("searchbox", { name: "Find" })).toHaveValue("(");
});

test("secrets are masked, and what a container writes is obeyed by nobody", async ({ page }) => {
  speak("fleet-api", [
    "connecting to postgres://fleet:hunter2@db:5432/fleet",
    '{"level":"info","msg":"signed in","token":"hunter2"}',
    "<script>document.title = 'owned'</script><img src=x onerror=alert(1)>",
    "\u001b[31mred\u001b[0m and \u001b]0;title\u0007 and \u202egnp.exe",
    `long ${"x".repeat(70_000)}`,
  ]);
  await page.goto(`/logs?environment=${place}&component=fleet-api`);
  await expect(entries(page)).toHaveCount(5);
  expect(await page.content()).not.toContain("hunter2");
  await expect(page.getByText("2 pieces that look like secrets are masked.")).toBeVisible();
  await expect(entries(page).nth(1)).toContainText("signed in token=[masked]");
  await expect(entries(page).nth(2)).toContainText("<script>document.title");
  await expect(page).toHaveTitle("Fleet Management / Development / Logs · Quarterdeck");
  await expect(entries(page).nth(3).getByText("red", { exact: true })).toHaveClass(/text-failed/);
  await expect(entries(page).nth(3)).toContainText("and ␛]0;title␇ and \ufffdgnp.exe");
  await expect(entries(page).nth(4)).toContainText(/cut: \d+ bytes more/);
});

test("two environments stand beside one another by one clock", async ({ page }) => {
  const texts = (whose: string) => [`${whose} one`, `${whose} two`];
  speak("fleet-api", texts("dev"));
  speak("fleet-api", texts("staging"), "fleet-management-staging");
  await page.goto(`/logs?environment=${place}&environment=fleet-management/staging&component=fleet-api`);
  await expect(entries(page)).toHaveCount(4);
  const left = async (text: string) => (await entries(page).filter({ hasText: text }).boundingBox())!.x;
  expect(await left("dev one")).toBeLessThan(await left("staging one"));
  expect(await left("dev two")).toBe(await left("dev one"));
  await page.setViewportSize({ width: 390, height: 800 });
  expect(await left("dev one")).toBe(await left("staging one"));
});

test("logs of what one may not see are as if they were not there", async ({ browser }) => {
  speak("fleet-api", ["for everybody"]);
  const secret = await enter(`logs-${process.pid}`, "viewer@fleet-management/development");
  const context = await browser.newContext({ storageState: kept(secret) as never });
  const page = await context.newPage();
  await page.goto(`/logs?environment=${place}&component=fleet-api`);
  await expect(entries(page)).toHaveCount(1);
  for (const hidden of ["fleet-management/production", "nothing/here"]) {
    for (const address of [`/logs?environment=${hidden}`, `/logs?environment=${place}&environment=${hidden}`]) {
      const answer = await page.goto(address);
      expect(answer?.status(), address).toBe(404);
      await expect(entries(page)).toHaveCount(0);
    }
  }
  await page.goto("/logs");
  await expect(page.getByRole("combobox", { name: "Environment" }).getByRole("option")).toHaveText(["choose one", "Fleet Management / Development"]);
  await context.close();
});

test("a bar leads to its time, and a range of times has an end", async ({ page }) => {
  const [pod] = withLogs("main", namespace, "app=fleet-app");
  const start = Math.floor(Date.now() / 60_000) * 60_000 - 600_000;
  const line = (minute: number, text: string): Written => [new Date(start + minute * 60_000), text];
  write("main", namespace, pod!, [line(0, "INFO zero"), line(1, "ERROR one"), line(1, "INFO one"), line(3, "INFO three")]);
  await page.goto(`/logs?environment=${place}&component=fleet-app&since=1h`);
  await expect(entries(page)).toHaveCount(4);
  const bars = page.locator("figure a");
  await expect(bars).toHaveCount(3);
  await expect(bars.nth(1).locator("title")).toHaveText(/: 1 error, 0 warnings, 1 other$/);
  const only = (await bars.nth(1).getAttribute("href"))!;
  await page.goto(only);
  await expect(entries(page)).toHaveCount(2);
  await expect(page.getByText(/^Following/)).toHaveCount(0);
  await expect(page.getByLabel("Until (UTC)")).not.toHaveValue("");
  await page.getByRole("button", { name: "Read", exact: true }).click();
  await expect(entries(page)).toHaveCount(2);
  await page.getByRole("link", { name: "All times" }).click();
  await expect(entries(page)).toHaveCount(4);
});

for (const javaScriptEnabled of [true, false]) {
  test(`what stands around a hit is shown with it, with${javaScriptEnabled ? "" : "out"} script`, async ({ browser }) => {
    const [api] = withLogs("main", namespace, "app=fleet-api");
    const [app] = withLogs("main", namespace, "app=fleet-app");
    const times = moments(9);
    const texts = ["one", "two", "three", "four", "ERROR five", "six", "seven", "eight"];
    write("main", namespace, api!, texts.map((text, at) => [times[at]!, text]));
    // Of another container nothing stands around it.
    write("main", namespace, app!, [[times[4]!, "beside"]]);
    const context = await browser.newContext({ javaScriptEnabled });
    const page = await context.newPage();
    if (javaScriptEnabled) await page.routeWebSocket(/\/logs\/live/, () => {});
    await page.goto(`/logs?environment=${place}&component=fleet-api&component=fleet-app&level=error&context=2`);
    await expect(entries(page)).toHaveCount(5);
    for (const [at, text] of ["three", "four", "ERROR five", "six", "seven"].entries()) {
      await expect(entries(page).nth(at)).toContainText(text);
      const isHit = text === "ERROR five";
      await expect(entries(page).nth(at).and(page.locator("[data-context]"))).toHaveCount(isHit ? 0 : 1);
      if (isHit) await expect(entries(page).nth(at)).not.toContainText("around a hit");
      else await expect(entries(page).nth(at)).toContainText("around a hit");
    }
    await expect(page.getByText(/^1 entry matches\. Looked through: 9 lines/)).toBeVisible();
    // A link keeps it, and the form offers others.
    await expect(page.getByRole("link", { name: "Read again" })).toHaveAttribute("href", /&level=error&context=2$/);
    const around = page.getByRole("combobox", { name: "Lines around a hit" });
    await expect(around).toHaveValue("2");
    await expect(around.getByRole("option")).toHaveText(["0", "3", "10", "2"]);
    await around.selectOption("3");
    await page.getByRole("button", { name: "Read", exact: true }).click();
    await expect(page).toHaveURL(/context=3/);
    await expect(entries(page)).toHaveCount(7);
    await page.getByRole("combobox", { name: "Lines around a hit" }).selectOption("0");
    await page.getByRole("button", { name: "Read", exact: true }).click();
    await expect(entries(page)).toHaveCount(1);
    await context.close();
  });
}

test("a file tells what is only around a hit from the hits", async ({ page }) => {
  const [pod] = withLogs("main", namespace, "app=fleet-app");
  write("main", namespace, pod!, moments(5).map((time, at) => [time, `line ${at}`]));
  await page.goto(`/logs?environment=${place}&component=fleet-app&find=line+2&context=1`);
  const file = async (button: string) => {
    const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: button, exact: true }).click()]);
    return readFileSync(await download.path(), "utf8").trimEnd().split("\n");
  };
  const text = await file("Text");
  expect(text.filter((line) => line.startsWith("#"))).toEqual(expect.arrayContaining([expect.stringMatching(/^# asked: .*, with the entry on each side$/), "# entries: 1"]));
  const lines = text.filter((line) => !line.startsWith("#"));
  expect(lines.map((line) => [line.startsWith("-"), line.slice(-6)])).toEqual([[true, "line 1"], [false, "line 2"], [true, "line 3"]]);
  const objects = (await file("NDJSON")).map((line) => JSON.parse(line) as { text?: string; context?: boolean; quarterdeck?: { address: string } });
  expect(objects[0]?.quarterdeck?.address).toContain("context=1");
  expect(objects.slice(1).map(({ text, context }) => [text, context])).toEqual([["line 1", true], ["line 2", undefined], ["line 3", true]]);
});

for (const [button, name, head] of [["Text", /^fleet-api_.*\.log$/, "# "], ["NDJSON", /^fleet-api_.*\.ndjson$/, '{"quarterdeck":']] as const) {
  test(`what a query finds is taken along as ${button}, and the record tells`, async ({ page }) => {
    speak("fleet-api", ["one", "two token=hunter2", "<script>three</script>"]);
    await page.goto(`/logs?environment=${place}&component=fleet-api&find=two`);
    const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: button, exact: true }).click()]);
    expect(download.suggestedFilename()).toMatch(name);
    const text = readFileSync(await download.path(), "utf8");
    expect(text.startsWith(head)).toBe(true);
    expect(text.match(/two token=\[masked\]/g)).toHaveLength(1);
    expect(text).not.toContain("hunter2");
    expect(text).not.toContain("three");
    await page.goto("/changes");
    await expect(page.getByText(new RegExp(`Took logs along as ${button.toLowerCase()}: .*find=two`)).first()).toBeVisible();
  });
}
