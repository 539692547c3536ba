import { expect, test, type Browser, type BrowserContext, type Locator, type Page } from "@playwright/test";
import { kubectl } from "../harness/clusters.ts";
import { enter } from "../harness/console.ts";
import { live } from "../harness/pages.ts";
import { kept } from "../harness/people.ts";

// Two Deployments read it: fleet-api, then fleet-app.
const namespace = "fleet-management-dev";
const place = "fleet-management/development";
const address = `/operations/series?environment=${place}&reads=configmap/fleet-config`;
const planOf = (name: string) => `/operations/plan?component=${place}/deployment/${name}&operation=restart`;

let secrets: Record<string, string> = {};

/** After a test that failed another process goes on, and signs in anew. */
const named = (role: string) => `series-${role}-${process.pid}`;

async function as(browser: Browser, role: "operator" | "viewer", options = {}): Promise<[BrowserContext, Page]> {
  secrets[role] ??= await enter(named(role), role);
  const context = await browser.newContext({ storageState: kept(secrets[role]) as never, ...options });
  return [context, await context.newPage()];
}

function generation(name: string): number {
  return Number(kubectl("main", "-n", namespace, "get", `deployment/${name}`, "-o", "jsonpath={.metadata.generation}"));
}

function restarted(name: string): number {
  const path = "jsonpath={.spec.template.metadata.annotations.kubectl\\.kubernetes\\.io/restartedAt}";
  return Date.parse(kubectl("main", "-n", namespace, "get", `deployment/${name}`, "-o", path));
}

function patch(name: string, spec: object): void {
  kubectl("main", "-n", namespace, "patch", `deployment/${name}`, "-p", JSON.stringify({ spec }));
}

function slow(name: string, seconds: number): void {
  patch(name, { minReadySeconds: seconds });
  kubectl("main", "-n", namespace, "rollout", "status", `deployment/${name}`, "--timeout=90s");
}

/** Lets a rollout that waits for `minReadySeconds` go on. */
function quick(name: string): void {
  patch(name, { minReadySeconds: 0 });
}

/** The members on the page of one of them. */
function members(page: Page): Locator {
  return page.locator("section").filter({ has: page.getByRole("heading", { name: "One after the other" }) });
}

function member(page: Page, name: string): Locator {
  return members(page).getByRole("listitem").filter({ hasText: name });
}

for (const javaScriptEnabled of [true, false]) {
  const how = javaScriptEnabled ? "with" : "without";
  test(`everything that reads a ConfigMap is restarted one after the other, ${how} script`, async ({ browser }) => {
    const [context, page] = await as(browser, "operator", { javaScriptEnabled });
    const before = ["fleet-api", "fleet-app"].map(generation);
    await page.goto(planOf("fleet-app"));
    await page.getByRole("link", { name: "Restart everything that reads ConfigMap fleet-config" }).click();
    await expect(page.getByRole("heading", { level: 1 })).toContainText("Restart what reads ConfigMap fleet-config");
    await expect(page.getByRole("checkbox")).toHaveCount(2);
    await expect(page.getByRole("list", { name: "Workloads" })).toContainText("reads it as environment variables");
    await page.getByRole("button", { name: "Restart what is ticked" }).click();
    await expect(page).toHaveURL(/\/operations\/[0-9a-f]{32}$/);
    await expect(page.getByRole("heading", { level: 1 })).toHaveText("Restart fleet-api");
    if (javaScriptEnabled) await live(page);
    // Without script it is looked at again by hand.
    const look = async () => (javaScriptEnabled ? undefined : page.reload());
    await expect(async () => {
      await look();
      await expect(member(page, "fleet-api")).toContainText("Done", { timeout: 500 });
      await expect(member(page, "fleet-app")).toContainText("Done", { timeout: 500 });
    }).toPass({ timeout: 90_000 });
    expect(["fleet-api", "fleet-app"].map(generation)).toEqual(before.map((number) => number + 1));
    expect(restarted("fleet-app")).toBeGreaterThanOrEqual(restarted("fleet-api"));
    await member(page, "fleet-app").getByRole("link").click();
    await expect(page.getByText("2 of 2, begun after Restart fleet-api.")).toBeVisible();
    await context.close();
  });
}

test("what is known only from having seen it run counts for the next one as it did in its plan", async ({ browser }) => {
  const [context, page] = await as(browser, "operator");
  // The one revision that is kept falls out with the next restart, and no pod says any more which image it ran.
  patch("fleet-app", { revisionHistoryLimit: 1 });
  try {
    kubectl("main", "-n", namespace, "rollout", "restart", "deployment/fleet-app");
    kubectl("main", "-n", namespace, "rollout", "status", "deployment/fleet-app", "--timeout=90s");
    await page.goto(address);
    await page.getByRole("button", { name: "Restart what is ticked" }).click();
    await expect(member(page, "fleet-app")).toContainText("Done", { timeout: 90_000 });
  } finally {
    patch("fleet-app", { revisionHistoryLimit: 10 });
  }
  await context.close();
});

test("nothing more is begun once somebody stops it, and the record says who and what was left", async ({ browser }) => {
  const [context, page] = await as(browser, "operator");
  slow("fleet-api", 30);
  try {
    const before = generation("fleet-app");
    await page.goto(address);
    await page.getByRole("button", { name: "Restart what is ticked" }).click();
    await expect(member(page, "fleet-app")).toContainText("Waits");
    await page.getByRole("button", { name: "Stop after this one" }).click();
    await expect(members(page)).toContainText(`Nothing more is begun after this: ${named("operator")} stopped it.`);
    await expect(member(page, "fleet-app")).toContainText("Not begun");
    await expect(page.getByRole("button", { name: "Stop after this one" })).toBeHidden();
    await live(page);
    // What would have stopped it as well is not why it was.
    kubectl("main", "-n", namespace, "rollout", "pause", "deployment/fleet-app");
    quick("fleet-api");
    await expect(members(page)).toContainText(`Stopped: ${named("operator")} stopped it.`, { timeout: 60_000 });
    await expect(member(page, "fleet-api")).toContainText("Done");
    // The pause itself is one.
    expect(generation("fleet-app")).toBe(before + 1);
    await page.goto("/changes?kind=restart");
    await expect(page.getByText(`stopped at fleet-api, 1 of 2. ${named("operator")} stopped it. Not begun: fleet-app.`).first()).toBeVisible();
  } finally {
    kubectl("main", "-n", namespace, "rollout", "resume", "deployment/fleet-app");
    slow("fleet-api", 0);
  }
  await context.close();
});

const rollingUpdate = { type: "RollingUpdate", rollingUpdate: { maxSurge: "25%", maxUnavailable: "25%" } };
for (const { what, spoil, mend, said } of [
  {
    what: "refused by now",
    spoil: () => kubectl("main", "-n", namespace, "rollout", "pause", "deployment/fleet-app"),
    mend: () => kubectl("main", "-n", namespace, "rollout", "resume", "deployment/fleet-app"),
    said: "Stopped: fleet-app: its rollout is paused",
  },
  {
    what: "allowed, and worse than its plan",
    spoil: () => patch("fleet-app", { strategy: { $retainKeys: ["type"], type: "Recreate" } }),
    mend: () => patch("fleet-app", { strategy: rollingUpdate }),
    said: "Stopped: fleet-app: the plan that was shown did not say: ",
  },
]) {
  test(`what is ${what} is not begun`, async ({ browser }) => {
    const [context, page] = await as(browser, "operator");
    slow("fleet-api", 30);
    try {
      const before = generation("fleet-app");
      await page.goto(address);
      await page.getByRole("button", { name: "Restart what is ticked" }).click();
      await expect(member(page, "fleet-app")).toContainText("Waits");
      spoil();
      await live(page);
      quick("fleet-api");
      await expect(members(page)).toContainText(said, { timeout: 60_000 });
      await expect(member(page, "fleet-app")).toContainText("Not begun");
      // What spoiled it is one.
      expect(generation("fleet-app")).toBe(before + 1);
    } finally {
      mend();
      slow("fleet-api", 0);
    }
    await context.close();
  });
}

test("only what is ticked is restarted, and nothing where nothing is", async ({ browser }) => {
  const [context, page] = await as(browser, "operator");
  const before = ["fleet-api", "fleet-app"].map(generation);
  await page.goto(address);
  for (const box of await page.getByRole("checkbox").all()) await box.uncheck();
  await page.getByRole("button", { name: "Restart what is ticked" }).click();
  await expect(page.locator("main").getByRole("alert")).toContainText("Nothing was chosen, and nothing was done");
  await page.getByRole("checkbox", { name: "fleet-app" }).check();
  await page.getByRole("button", { name: "Restart what is ticked" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Restart fleet-app");
  await expect(page.locator("main [role=status]")).toContainText("Done", { timeout: 90_000 });
  const [api, app] = before as [number, number];
  expect(["fleet-api", "fleet-app"].map(generation)).toEqual([api, app + 1]);
  await context.close();
});

test("whoever may only look sees why nothing can be pressed; what nothing reads says so", async ({ browser }) => {
  const [context, page] = await as(browser, "viewer");
  await page.goto(address);
  await expect(page.getByText("None of these can be restarted now.")).toBeVisible();
  for (const box of await page.getByRole("checkbox").all()) await expect(box).toBeDisabled();
  await expect(page.getByRole("button", { name: /^Restart/ })).toHaveCount(0);
  await page.goto(address.replace("fleet-config", "nobody-reads-this"));
  await expect(page.getByText("No Deployment, StatefulSet or DaemonSet in this environment reads ConfigMap nobody-reads-this.")).toBeVisible();
  const missing = await page.goto(address.replace("configmap/", "pod/"));
  expect(missing?.status()).toBe(404);
  await context.close();
});
