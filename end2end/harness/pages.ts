import type { Locator, Page } from "@playwright/test";

/** The pages there are, each with something that stands in its title. */
export const pages = [
  { name: "wall", path: "/", title: "Wall" },
  { name: "wall-differs", path: "/?differs", title: "Wall" },
  { name: "environment", path: "/e/fleet-management/production", title: "Production" },
  { name: "environment-fleetops", path: "/e/fleetops/staging", title: "Staging" },
  { name: "component", path: "/e/fleet-management/production/deployment/fleet-api", title: "fleet-api" },
  { name: "component-database", path: "/e/super-todo/staging/statefulset/postgres-staging", title: "postgres-staging" },
  { name: "pods", path: "/pods", title: "Pods" },
  { name: "pods-filtered", path: "/pods?filter=fleet-api", title: "Pods" },
  { name: "plan", still: true, path: "/operations/plan?component=fleet-management/production/deployment/fleet-api&operation=restart", title: "Restart fleet-api" },
  { name: "plan-revisions", still: true, path: "/operations/plan?component=fleet-management/production/deployment/fleet-app&operation=roll-back&revision=1", title: "Roll fleet-app back" },
  { name: "plan-series", still: true, path: "/operations/series?environment=fleet-management/staging&reads=configmap/fleet-config", title: "Restart what reads" },
  { name: "logs", still: true, path: "/logs?environment=fleet-management/staging&component=fleet-api", title: "Logs" },
  { name: "compare", still: true, path: "/compare?system=fleet-management", title: "Compare" },
  { name: "alerts", still: true, path: "/alerts", title: "Alerts" },
  // Held, as one may by a link on it: axe allows no page that goes on by itself, whoever can stop it.
  { name: "board", still: true, path: "/board?hold", title: "Board" },
  { name: "changes", still: true, path: "/changes", title: "Changes" },
  { name: "health", still: true, path: "/health", title: "Health" },
  { name: "health-one", still: true, path: "/health?environment=fleet-management/production", title: "Health" },
  { name: "change", still: true, path: "/changes/1", title: "Changes" },
  { name: "demo-data", still: true, path: "/demo-data", title: "Demo data" },
  { name: "demo-data-plan", still: true, path: "/demo-data/plan?environment=fleet-management/staging", title: "Reset demo data" },
  { name: "people", still: true, path: "/people", title: "People" },
  { name: "account", still: true, path: "/account", title: "Account" },
] as const;

/** Those that change while one looks. */
export const livePages = pages.filter((page) => !("still" in page));

/** What a page says, cell by cell: without ages, which differ from one moment to the next. */
export async function facts(page: Page): Promise<string[]> {
  return page.locator("main").evaluate((main) => {
    const copy = main.cloneNode(true) as Element;
    for (const age of copy.querySelectorAll("time, svg, form, [aria-hidden=true], [role=status]")) age.remove();
    const cells = [...copy.querySelectorAll("h1, h2, td, th, dt, dd, li, p")];
    return cells.map((cell) => (cell.textContent ?? "").replace(/\s+/g, " ").trim()).filter((text) => text !== "");
  });
}

/** What the badge in the header says about the age of everything. */
export function badge(page: Page, word: "live" | "stale" | "lost"): Locator {
  return page.getByRole("banner").getByText(new RegExp(`^${word}`)).first();
}

/** Waits until changes arrive. */
export async function live(page: Page): Promise<void> {
  await badge(page, "live").waitFor();
}
