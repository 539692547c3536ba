import { expect, test, type Page } from "@playwright/test";
import { Cable } from "../harness/cable.ts";
import { clusters, kill, kubectl, signal } from "../harness/clusters.ts";
import { address } from "../harness/console.ts";
import { badge, facts, live } from "../harness/pages.ts";

const path = "/e/fleet-management/development";
const namespace = "fleet-management-dev";

const components = (page: Page) => page.getByRole("table", { name: /^Components/ }).getByRole("row");

/** Looks at the table again and again until told to stop; returns the fewest rows that were seen. */
function watchRows(page: Page): () => Promise<number> {
  const fewest = page.evaluate(
    () =>
      new Promise<number>((resolve) => {
        let fewest = Infinity;
        const look = () => {
          const tables = [...document.querySelectorAll("main table")] as HTMLTableElement[];
          const components = tables.find((table) => table.caption?.textContent?.startsWith("Components"));
          fewest = Math.min(fewest, components?.querySelectorAll("tbody tr").length ?? 0);
          if (document.documentElement.hasAttribute("data-enough")) resolve(fewest);
          else requestAnimationFrame(look);
        };
        look();
      }),
  );
  return async () => {
    await page.evaluate(() => document.documentElement.setAttribute("data-enough", ""));
    return fewest;
  };
}

test("an API server that hangs shows stale within 10 s, keeps the rows, and recovers by itself", async ({ page }) => {
  await page.goto(path);
  await live(page);
  // The header is a row as well.
  const before = await components(page).count();
  const fewest = watchRows(page);
  signal("main", "kube-apiserver", "SIGSTOP");
  try {
    await expect(badge(page, "stale")).toBeVisible({ timeout: 12_000 });
    await expect(components(page)).toHaveCount(before);
  } finally {
    signal("main", "kube-apiserver", "SIGCONT");
  }
  await expect(badge(page, "live")).toBeVisible({ timeout: 12_000 });
  await expect(components(page)).toHaveCount(before);
  expect(await fewest(), "rows vanished for a moment").toBe(before - 1);
});

test("the other cluster's pages stay live meanwhile", async ({ page, context }) => {
  await page.goto("/e/fleetops/staging");
  await live(page);
  const other = await context.newPage();
  await other.goto(path);
  await live(other);
  signal("main", "kube-apiserver", "SIGSTOP");
  try {
    await expect(badge(other, "stale")).toBeVisible({ timeout: 12_000 });
    await expect(badge(page, "live")).toBeVisible();
  } finally {
    signal("main", "kube-apiserver", "SIGCONT");
  }
});

test("an API server that was killed and started again is followed again", async ({ page }) => {
  test.setTimeout(120_000);
  await page.goto(path);
  await live(page);
  // The header is a row as well.
  const before = await components(page).count();
  await kill("main", "kube-apiserver");
  await expect(badge(page, "stale")).toBeVisible({ timeout: 12_000 });
  await expect(components(page)).toHaveCount(before);
  clusters("up");
  await expect(badge(page, "live")).toBeVisible({ timeout: 30_000 });
  try {
    kubectl("main", "-n", namespace, "scale", "deployment/fleet-app", "--replicas=2");
    await expect(components(page).filter({ hasText: "fleet-app" })).toContainText("of 2");
  } finally {
    kubectl("main", "-n", namespace, "scale", "deployment/fleet-app", "--replicas=1");
  }
});

test("a browser that is cut off says lost, and comes back with what changed meanwhile", async ({ page }) => {
  test.setTimeout(120_000);
  const cable = new Cable(address);
  await cable.join();
  try {
    await page.goto(cable.address + path);
    await live(page);
    await cable.cut();
    await expect(page.getByRole("alert")).toContainText("The connection to Quarterdeck is lost.", { timeout: 15_000 });
    await expect(badge(page, "lost")).toBeVisible();
    expect((await facts(page)).length).toBeGreaterThan(3);
    kubectl("main", "-n", namespace, "scale", "deployment/fleet-app", "--replicas=2");
    await cable.join();
    await expect(badge(page, "live")).toBeVisible({ timeout: 45_000 });
    await expect(page.getByRole("alert")).toHaveText("");
    await expect(components(page).filter({ hasText: "fleet-app" })).toContainText("of 2");
  } finally {
    kubectl("main", "-n", namespace, "scale", "deployment/fleet-app", "--replicas=1");
    await cable.cut();
  }
});
