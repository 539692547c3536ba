import { readFileSync, writeFileSync } from "node:fs";
import { expect, test, type Browser, type Page } from "@playwright/test";
import { kubectl, run } from "../harness/clusters.ts";
import { enter } from "../harness/console.ts";
import { live } from "../harness/pages.ts";
import { kept } from "../harness/people.ts";

type Tier = "development" | "staging" | "production";

/** Where an operation of a row is tried in a tier, and what it needs there. */
interface Cell {
  /** The cell of the product's table: confirm, type the name, reason, window, second person, diff. */
  needs: string;
  /** The component, and what the address of the plan says of the operation. */
  plan: [component: string, operation: string];
  /** What stands on the button. */
  button?: string;
  /** A line that is not green. Outside development a reason is asked for then, whatever the table says. */
  amber?: string | RegExp;
  /** What keeps it off besides what it needs, by facts of the demo. */
  also?: RegExp;
}

const dev = "fleet-management/development";
const staging = "fleet-management/staging";
const production = "fleet-management/production";

/**
 * The default guard policy, as the product has it: a row for each class of operations, a cell for each tier. Where a second
 * person is needed nothing can be pressed in this version, so what else the form asks for does not matter there.
 */
const policy: Record<string, Partial<Record<Tier, Cell>>> = {
  "a restart with two or more ready": {
    development: { needs: "confirm", plan: [`${dev}/deployment/fleet-app`, "restart"] },
    staging: { needs: "confirm, reason", plan: [`${staging}/deployment/fleet-app`, "restart"] },
    production: { needs: "type the name, reason", plan: ["ctafleet/production/deployment/fleet-frontend", "restart"] },
  },
  "a restart with two or more ready whose plan is not green": {
    production: {
      needs: "type the name, reason, window",
      plan: [`${production}/deployment/fleet-app`, "restart"],
      amber: "fleet-app:latest may pull another image than the one that runs",
    },
  },
  "a restart of the only one": {
    development: { needs: "confirm", plan: [`${dev}/statefulset/fleet-redis`, "restart"] },
    // All of its plan is green: the reason is the policy's.
    staging: { needs: "confirm, reason", plan: ["fleetops/staging/deployment/fleetops-api", "restart"] },
    production: { needs: "window, second person", plan: [`${production}/statefulset/fleet-redis`, "restart"] },
  },
  "scaling up": {
    development: { needs: "confirm", plan: [`${dev}/deployment/fleet-api`, "scale&replicas=2"] },
    staging: { needs: "confirm", plan: [`${staging}/deployment/fleet-app`, "scale&min=3&max=10"], button: "Set the range" },
    production: { needs: "reason", plan: [`${production}/deployment/fleet-app`, "scale&min=4&max=20"], button: "Set the range" },
  },
  "scaling below what is declared": {
    development: { needs: "confirm", plan: [`${dev}/deployment/fleet-api`, "scale&replicas=0"] },
    staging: { needs: "reason", plan: [`${staging}/deployment/fleet-app`, "scale&min=1&max=10"], button: "Set the range" },
    production: {
      needs: "second person, window",
      plan: [`${production}/deployment/fleet-app`, "scale&min=2&max=20"],
      button: "Set the range",
    },
  },
  "scaling to nothing": {
    production: { needs: "second person, window", plan: [`${production}/deployment/fleet-api`, "scale&replicas=0"] },
  },
  "a rollback": {
    development: { needs: "diff, confirm", plan: [`${dev}/deployment/fleet-app`, "roll-back&revision=1"] },
    staging: { needs: "diff, reason", plan: ["fleetops/staging/deployment/fleetops-api", "roll-back&revision=1"] },
    production: {
      needs: "diff, reason, second person",
      plan: ["ctafleet/production/deployment/fleet-api", "roll-back&revision=1"],
      also: /^In production nothing is done on what is not known: which images revision 1 really ran/,
    },
  },
  "the restart of a database pod": {
    development: { needs: "confirm", plan: [`${dev}/statefulset/fleet-postgres`, "restart"] },
    staging: { needs: "window", plan: [`${staging}/statefulset/fleet-postgres`, "restart"], amber: /one replica and no surge/ },
    production: { needs: "second person, window", plan: [`${production}/statefulset/fleet-postgres`, "restart"] },
  },
};

const registry = `${run}/registry.yaml`;
let original = "";
let storageState: never;

/** A weekday in New York, some days from now. */
function weekday(ahead: number): string {
  const format = new Intl.DateTimeFormat("en-US", { weekday: "long", timeZone: "America/New_York" });
  return format.format(Date.now() + ahead * 86_400_000);
}

/** Declares windows that are open now or are not, whatever day it is, and waits until the console goes by them. */
async function declare(browser: Browser, when: "open" | "closed"): Promise<void> {
  const days = (when === "open" ? [-1, 0, 1] : [2]).map((ahead) => weekday(ahead).toLowerCase()).join(", ");
  const [from, to] = when === "open" ? ["00:00", "24:00"] : ["12:00", "16:00"];
  const windows = /days: \[[a-z, ]+\]\n( +)from: "[0-9:]+"\n +to: "[0-9:]+"/g;
  expect(original.match(windows)).toHaveLength(2);
  writeFileSync(registry, original.replaceAll(windows, `days: [${days}]\n$1from: "${from}"\n$1to: "${to}"`));
  await until(browser, when === "open" ? /the window is open until/ : new RegExp(`it opens ${weekday(2)} 12:00`));
}

async function until(browser: Browser, said: RegExp): Promise<void> {
  const [context, page] = await operator(browser);
  await expect(async () => {
    await open(page, `${production}/deployment/fleet-app`, "restart");
    await expect(page.getByText(said).first()).toBeVisible({ timeout: 1 });
  }).toPass({ timeout: 30_000 });
  await context.close();
}

async function operator(browser: Browser, options = {}) {
  const context = await browser.newContext({ storageState, ...options });
  return [context, await context.newPage()] as const;
}

async function open(page: Page, component: string, operation: string): Promise<void> {
  await page.goto(`/operations/plan?component=${component}&operation=${operation}`);
}

/** Holds a plan against what its cell says. */
async function check(page: Page, tier: Tier, cell: Cell, when: "open" | "closed"): Promise<void> {
  const needs = new Set(cell.needs.split(", "));
  const [component, operation] = cell.plan;
  const name = component.split("/").at(-1) ?? "";
  await open(page, component, operation);
  await expect(page.getByRole("heading", { name: "What will happen" })).toBeVisible();
  if (cell.amber !== undefined) await expect(page.getByText(cell.amber).first()).toBeVisible();
  if (needs.has("diff")) {
    const differences = page.getByRole("region", { name: "What changes in the pod template" });
    await expect(differences.getByRole("row").filter({ hasText: ".image" })).toBeVisible();
  }

  const words = { restart: "Restart", scale: "Scale", "roll-back": "Roll back" }[operation.split("&")[0]];
  const button = page.getByRole("button", { name: cell.button ?? words, exact: true });
  const off = page.locator("#off li");
  const reasons: RegExp[] = [];
  if (needs.has("window") && when === "closed") {
    reasons.push(new RegExp(`^The window is closed; it opens ${weekday(2)} 12:00 New York time, `));
  }
  if (needs.has("second person")) {
    reasons.push(/ needs a second person here, .*: hand the command below to somebody who may run it\.$/);
  }
  if (cell.also !== undefined) reasons.push(cell.also);
  await expect(off).toHaveCount(reasons.length);
  for (const reason of reasons) await expect(off.filter({ hasText: reason })).toHaveCount(1);
  if (reasons.length > 0) {
    await expect(button).toBeDisabled();
    const command = page.getByRole("region", { name: "The same with kubectl" });
    await expect(command).toContainText(/kubectl --context \w+ -n \S+ (rollout|scale|patch) /);
    return;
  }

  await expect(button).toBeEnabled();
  const asksReason = needs.has("reason") || (cell.amber !== undefined && tier !== "development");
  const asksName = needs.has("type the name");
  const reason = page.getByLabel("Reason");
  const typed = page.getByLabel(/^Type .* to confirm$/);
  await expect(reason).toHaveCount(asksReason ? 1 : 0);
  await expect(typed).toHaveCount(asksName ? 1 : 0);
  const form = page.locator("form[action='/operations']");
  const isComplete = () => form.evaluate((form: HTMLFormElement) => form.checkValidity());
  expect(await isComplete()).toBe(!asksReason && !asksName);
  if (asksReason) {
    await reason.fill("INC-7");
    expect(await isComplete()).toBe(!asksName);
  }
  if (asksName) {
    await typed.fill(`${name}x`);
    expect(await isComplete()).toBe(false);
    await typed.fill(name);
    expect(await isComplete()).toBe(true);
  }
}

/** Has the newest good backup of a database be of some hours ago; `undefined`: there was none. */
function backedUp(hours: number | undefined): void {
  const lastSuccessfulTime = hours === undefined ? null : new Date(Date.now() - hours * 3_600_000).toISOString().replace(/\.\d+/, "");
  const patch = JSON.stringify({ status: { lastSuccessfulTime } });
  kubectl("main", "-n", "fleet-management", "patch", "cronjob/fleet-postgres-backup", "--subresource=status", "--type=merge", "-p", patch);
}

/** Has an app of development run as often: nothing there runs twice by itself. */
function developmentHas(count: number): void {
  kubectl("main", "-n", "fleet-management-dev", "scale", "deployment/fleet-app", `--replicas=${count}`);
  kubectl("main", "-n", "fleet-management-dev", "rollout", "status", "deployment/fleet-app", "--timeout=60s");
}

test.beforeAll(async () => {
  original = readFileSync(registry, "utf8");
  // A failed test has the next ones begin anew, and nobody is added twice.
  storageState = kept(await enter(`policy-${Date.now()}`, "operator")) as never;
  developmentHas(2);
  backedUp(2);
});

test.afterAll(async () => {
  writeFileSync(registry, original);
  developmentHas(1);
  backedUp(undefined);
});

for (const when of ["closed", "open"] as const) {
  test.describe(`while windows are ${when}`, () => {
    test.beforeAll(async ({ browser }) => declare(browser, when));

    for (const [row, cells] of Object.entries(policy)) {
      for (const [tier, cell] of Object.entries(cells) as [Tier, Cell][]) {
        test(`${row} needs in ${tier}: ${cell.needs}`, async ({ browser }) => {
          const [context, page] = await operator(browser);
          await check(page, tier, cell, when);
          await context.close();
        });
      }
    }
  });
}

test("the restart of a production database needs a backup younger than a day", async ({ browser }) => {
  const [context, page] = await operator(browser);
  try {
    for (const [hours, why] of [
      [23, undefined],
      [25, /^The newest backup is 25 hours old, and 24 h are the most\.$/],
      [undefined, /^A backup younger than 24 h is needed: .* has never succeeded\.$/],
    ] as const) {
      backedUp(hours);
      await open(page, `${production}/statefulset/fleet-postgres`, "restart");
      const about = page.locator("#off li").filter({ hasText: why ?? /backup/i });
      await expect(about).toHaveCount(why === undefined ? 0 : 1);
    }
  } finally {
    backedUp(2);
  }
  await context.close();
});

test("what is not registered has no plan", async ({ browser }) => {
  const [context, page] = await operator(browser);
  const answer = await page.goto("/operations/plan?component=kube-system/production/deployment/metrics-server&operation=restart");
  expect(answer?.status()).toBe(404);
  await expect(page.getByRole("button", { name: "Restart" })).toHaveCount(0);
  await context.close();
});

test("when a window opens is said by the clock of the environment, and by the viewer's where it shows something else", async ({ browser }) => {
  await declare(browser, "closed");
  const there = new RegExp(`^${weekday(2)} 12:00 New York time, 1[67]:00 UTC`);
  for (const [timezoneId, javaScriptEnabled, differs] of [
    ["Europe/Berlin", true, true],
    ["Asia/Tokyo", true, true],
    ["America/New_York", true, false],
    ["America/Toronto", true, false],
    ["Europe/Berlin", false, false],
  ] as const) {
    const [context, page] = await operator(browser, { timezoneId, javaScriptEnabled });
    await open(page, `${production}/statefulset/fleet-redis`, "restart");
    if (javaScriptEnabled) await live(page);
    // In the plan, and where it is said why the button is off.
    const times = page.locator("main time").filter({ hasText: there });
    await expect(times).toHaveCount(2);
    for (const time of await times.all()) {
      const at = new Date((await time.getAttribute("datetime")) ?? "");
      const format = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", timeZone: timezoneId });
      const isNextDay = timezoneId === "Asia/Tokyo";
      const own = `, ${isNextDay ? `${weekday(3)} ` : ""}${format.format(at)} for you`;
      if (differs) await expect(time).toHaveText(new RegExp(`${there.source}${own}$`));
      else await expect(time).toHaveText(new RegExp(`${there.source}$`));
    }
    await context.close();
  }
});
