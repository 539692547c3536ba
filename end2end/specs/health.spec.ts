import { expect, test, type Page } from "@playwright/test";
import { kubectl } from "../harness/clusters.ts";
import { live } from "../harness/pages.ts";
import { breakIt, heal } from "../harness/world.ts";

/** Time in which a finding comes, and goes, once the cluster tells of it. */
const SOON = { timeout: 10_000 };

/** What can be broken: where it shows, what is said of it, and what the cluster takes until it tells, in milliseconds. */
const scenarios: { name: string; path: string; says: RegExp; begins?: number; ends?: number }[] = [
  // The container runs for four seconds before it ends, twice before Kubernetes calls it a loop.
  { name: "crash-loop", path: "/e/fleet-management/staging", says: /fleet-api crash loops/, begins: 60_000, ends: 30_000 },
  { name: "oom", path: "/e/ctafleet/production", says: /rag-indexer runs out of memory/, begins: 60_000, ends: 30_000 },
  { name: "image-pull", path: "/e/fleet-management/development", says: /fleet-app cannot pull its image/, begins: 30_000, ends: 30_000 },
  { name: "unschedulable", path: "/e/ctafleet/production", says: /test-orchestrator finds no node/, begins: 30_000, ends: 30_000 },
  // Its deadline is 30 seconds.
  { name: "stuck-rollout", path: "/e/super-todo/staging", says: /The rollout of super-todo is stuck/, begins: 60_000, ends: 30_000 },
  { name: "wrong-config", path: "/e/fleet-management/staging", says: /LOG_LEVEL is debug, expected info/ },
];

function findings(page: Page) {
  return page.getByRole("heading", { name: "What is wrong" }).locator("xpath=ancestor::section[1]").getByRole("listitem");
}

for (const { name, path, says, begins = 0, ends = 0 } of scenarios) {
  test(`${name}: the finding comes by itself and goes when it is healed`, async ({ page }) => {
    await page.goto(path);
    await live(page);
    const finding = findings(page).filter({ hasText: says });
    await expect(finding).toHaveCount(0);
    try {
      breakIt(name);
      await expect(finding).toHaveCount(1, { timeout: begins + SOON.timeout });
    } finally {
      heal(name);
    }
    await expect(finding).toHaveCount(0, { timeout: ends + SOON.timeout });
  });
}
