import { expect, test, type Page } from "@playwright/test";
import { live } from "../harness/pages.ts";
import { breakIt, heal } from "../harness/world.ts";

/** Time in which a finding comes, and goes, once the cluster tells of it. */
const SOON = { timeout: 10_000 };

/** How a finding begins: the word of its state, or that it is a remark. */
type Begins = "Failed" | "Degraded" | "Remark:";

/**
 * What can be broken: where it shows, how bad that is, the title of what is said of it, and what the cluster takes until it tells, in
 * milliseconds.
 */
const scenarios: { name: string; path: string; is: Begins | Begins[]; title: RegExp; begins?: number; ends?: number }[] = [
  // Its only pod is replaced before the new one is ready.
  { name: "crash-loop", path: "/e/fleet-management/staging", is: "Failed", title: /fleet-api (crash loops|crashed)/ },
  // Of these three the old pod stays until a new one is ready.
  { name: "oom", path: "/e/ctafleet/production", is: "Degraded", title: /rag-indexer runs out of memory/ },
  { name: "image-pull", path: "/e/fleet-management/development", is: "Degraded", title: /fleet-app cannot pull its image: 1 of 1 ready/ },
  { name: "unschedulable", path: "/e/ctafleet/production", is: "Degraded", title: /test-orchestrator finds no node with enough CPU: 1 of 1 ready/ },
  // Its deadline is 30 seconds.
  { name: "stuck-rollout", path: "/e/super-todo/staging", is: "Degraded", title: /The rollout of super-todo is stuck: 1 of 1 ready/, begins: 35_000 },
  // What runs there is up to the scheduler: of one component, or of several.
  {
    name: "node-down",
    path: "/e/ctafleet/production",
    is: ["Failed", "Degraded"],
    title: /(\d+ pods? of \S+( components)? (is|are) (not ready|pending|not ready or pending) because node-003 is NotReady|\S+ has \d+ of \d+ pods? on node-003, which is NotReady)/,
    begins: 5_000,
    ends: 10_000,
  },
  { name: "wrong-config", path: "/e/fleet-management/staging", is: "Remark:", title: /LOG_LEVEL is debug, expected info/ },
  { name: "moved-tag", path: "/e/super-todo/production", is: "Remark:", title: /super-todo runs 2 digests under the tag latest/ },
  // More is used than it allows: what is only used up refuses nobody.
  { name: "quota-full", path: "/e/fleet-management/development", is: "Failed", title: /Quota compute-quota is full/ },
  // A claim has a minute until it is said.
  { name: "claim-unbound", path: "/e/fleet-management/development", is: "Degraded", title: /Claim unbound is not bound/, begins: 60_000 },
  { name: "certificate-expiring", path: "/e/fleet-management/staging", is: "Failed", title: /Certificate fleet-tls expires within 7 days/ },
  { name: "backup-failed", path: "/e/fleet-management/staging", is: "Failed", title: /The backup of fleet-postgres is older than 26 h/ },
  { name: "flux-suspended", path: "/e/super-todo/production", is: "Remark:", title: /HelmRelease redis is suspended/ },
  { name: "flux-failed", path: "/e/super-todo/staging", is: "Remark:", title: /HelmRelease redis fails/, begins: 10_000, ends: 10_000 },
  {
    name: "postgres-degraded",
    path: "/e/super-todo/production",
    is: "Degraded",
    title: /PostgreSQL cluster postgres-production is short of instances: 2 of 3 ready/,
  },
];

/** A finding from its first word on, so that what another one mentions does not count. */
function told(is: Begins | Begins[], title: RegExp): RegExp {
  return new RegExp(`^\\s*(${[is].flat().join("|")})\\s*${title.source}`);
}

function findings(page: Page) {
  return page.getByRole("heading", { name: "What is wrong" }).locator("xpath=ancestor::section[1]").getByRole("listitem");
}

for (const { name, path, is, title, begins = 0, ends = 0 } of scenarios) {
  test(`${name}: the finding comes by itself and goes when it is healed`, async ({ page }) => {
    await page.goto(path);
    await live(page);
    const finding = findings(page).filter({ hasText: told(is, title) });
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
