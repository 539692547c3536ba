import { expect, test, type Page } from "@playwright/test";
import { kubectl } from "../harness/clusters.ts";
import { live } from "../harness/pages.ts";
import { breakIt, heal } from "../harness/world.ts";

/** Time in which a finding comes, and goes, once the cluster tells of it. */
const SOON = { timeout: 10_000 };

/** What can be broken: where it shows, what is said of it, and what the cluster takes until it tells, in milliseconds. */
const scenarios: { name: string; path: string; says: RegExp; begins?: number; ends?: number }[] = [
  { name: "crash-loop", path: "/e/fleet-management/staging", says: /fleet-api crash(es|ed| loops)/ },
  { name: "oom", path: "/e/ctafleet/production", says: /rag-indexer runs out of memory/ },
  { name: "image-pull", path: "/e/fleet-management/development", says: /fleet-app cannot pull its image/ },
  { name: "unschedulable", path: "/e/ctafleet/production", says: /test-orchestrator finds no node/ },
  // Its deadline is 30 seconds.
  { name: "stuck-rollout", path: "/e/super-todo/staging", says: /The rollout of super-todo is stuck/, begins: 35_000 },
  { name: "node-down", path: "/e/ctafleet/production", says: /node-003/, begins: 5_000, ends: 10_000 },
  { name: "wrong-config", path: "/e/fleet-management/staging", says: /LOG_LEVEL is debug/ },
  { name: "moved-tag", path: "/e/super-todo/production", says: /super-todo runs 2 digests under the tag/ },
  { name: "quota-full", path: "/e/fleet-management/development", says: /Quota compute-quota/ },
  // A claim has a minute until it is said.
  { name: "claim-unbound", path: "/e/fleet-management/development", says: /unbound/, begins: 60_000 },
  { name: "certificate-expiring", path: "/e/fleet-management/staging", says: /certificate/i },
  { name: "backup-failed", path: "/e/fleet-management/staging", says: /backup/i },
  { name: "flux-suspended", path: "/e/super-todo/production", says: /suspended/i },
  { name: "flux-failed", path: "/e/super-todo/staging", says: /HelmRelease redis/i, begins: 10_000, ends: 10_000 },
  { name: "postgres-degraded", path: "/e/super-todo/production", says: /2 of 3/ },
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
