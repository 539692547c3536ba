import { expect, test, type Page } from "@playwright/test";
import { kubectl } from "../harness/clusters.ts";
import { live } from "../harness/pages.ts";

/** Opens a page and marks the document, so that a reload would be noticed. */
async function open(page: Page, path: string): Promise<() => Promise<void>> {
  await page.goto(path);
  await live(page);
  await page.evaluate(() => document.documentElement.setAttribute("data-opened-once", ""));
  return async () => expect(page.locator("html[data-opened-once]"), "the page was reloaded").toHaveCount(1);
}

function component(page: Page, name: string) {
  const table = page.getByRole("table", { name: /^Components/ });
  return table.getByRole("row").filter({ has: page.getByRole("link", { name, exact: true }) });
}

const namespace = "fleet-management-dev";
const path = "/e/fleet-management/development";

test("a deployment that somebody scales shows its new number and that it is not the declared one", async ({ page }) => {
  const notReloaded = await open(page, path);
  await expect(component(page, "fleet-app")).toContainText("1 of 1");
  try {
    kubectl("main", "-n", namespace, "scale", "deployment/fleet-app", "--replicas=2");
    await expect(component(page, "fleet-app")).toContainText("2 of 2");
  } finally {
    kubectl("main", "-n", namespace, "scale", "deployment/fleet-app", "--replicas=1");
  }
  await expect(component(page, "fleet-app")).toContainText("1 of 1");
  await notReloaded();
});

test("a new image shows its tag", async ({ page }) => {
  const notReloaded = await open(page, path);
  const image = ["-n", namespace, "get", "deployment/fleet-app", "-o", "jsonpath={.spec.template.spec.containers[0].image}"];
  const before = kubectl("main", ...image);
  const container = kubectl("main", ...image.slice(0, -1), "jsonpath={.spec.template.spec.containers[0].name}");
  try {
    const after = before.replace(/:[^:/]*$/, "") + ":seen-by-the-test";
    kubectl("main", "-n", namespace, "set", "image", "deployment/fleet-app", `${container}=${after}`);
    await expect(component(page, "fleet-app")).toContainText("seen-by-the-test");
  } finally {
    kubectl("main", "-n", namespace, "set", "image", "deployment/fleet-app", `${container}=${before}`);
  }
  await expect(component(page, "fleet-app")).not.toContainText("seen-by-the-test");
  await notReloaded();
});

test("a deleted pod leaves the list and its successor comes", async ({ page }) => {
  const pod = kubectl("main", "-n", namespace, "get", "pods", "-o", "name").split("\n").find((line) => line.includes("/fleet-app-"));
  const name = pod?.replace("pod/", "") ?? "";
  expect(name).not.toBe("");
  const notReloaded = await open(page, "/pods?filter=fleet-app&environment=fleet-management/development");
  const rows = page.getByRole("table", { name: "Pods of all registered namespaces" });
  await expect(rows).toContainText(name);
  kubectl("main", "-n", namespace, "delete", "pod", name);
  await expect(rows).not.toContainText(name);
  await expect(rows).toContainText(/fleet-app-[a-z0-9]+-[a-z0-9]+/);
  await notReloaded();
});

test("a crash loop is named where its component stands", async ({ page }) => {
  const notReloaded = await open(page, path);
  const label = (value: string | null) =>
    JSON.stringify({ spec: { template: { metadata: { labels: { "sim.kwok.dev/scenario": value } } } } });
  try {
    kubectl("main", "-n", namespace, "patch", "deployment/fleet-app", "--type=merge", "-p", label("crashloop"));
    // The new pod runs for 5 s before it ends the first time.
    await expect(component(page, "fleet-app")).toContainText("Crash loop", { timeout: 60_000 });
  } finally {
    kubectl("main", "-n", namespace, "patch", "deployment/fleet-app", "--type=merge", "-p", label(null));
  }
  await expect(component(page, "fleet-app")).toContainText("Ready", { timeout: 30_000 });
  await notReloaded();
});
