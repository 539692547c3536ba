import { defineConfig } from "@playwright/test";
import { browser } from "./harness/browser.ts";

/** Every page with script and without, then what happens when something breaks. One cluster pair, so one worker. */
export default defineConfig({
  testDir: "specs",
  outputDir: "test-results",
  globalSetup: "./harness/setup.ts",
  workers: 1,
  forbidOnly: process.env.CI === "true",
  // axe reads every element of every page; a busy machine takes its time.
  timeout: 180_000,
  expect: { timeout: 10_000 },
  reporter: [["list"]],
  use: { ...browser, trace: "retain-on-failure" },
  projects: [
    { name: "script", testMatch: ["pages.spec.ts", "facts.spec.ts", "axe.spec.ts", "live.spec.ts", "people.spec.ts", "operations.spec.ts", "series.spec.ts", "policy.spec.ts", "logs.spec.ts", "follow.spec.ts", "demo-data.spec.ts", "budgets.spec.ts"] },
    // It breaks what the others look at.
    { name: "health", testMatch: "health.spec.ts", dependencies: ["script", "no-script"] },
    // It moves the load of everything.
    { name: "autoscaler", testMatch: "autoscaler.spec.ts", dependencies: ["script", "no-script"] },
    { name: "no-script", testMatch: "pages.spec.ts", use: { javaScriptEnabled: false } },
    // Last, because it stops what the others need.
    { name: "faults", testMatch: ["faults.spec.ts", "follow-faults.spec.ts"], dependencies: ["script", "no-script"] },
  ],
});
