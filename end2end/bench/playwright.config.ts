// The runner of the measures: one at a time, none is tried again, none has a time by which it fails.
import { defineConfig } from "@playwright/test";

export default defineConfig({
  testDir: ".",
  testMatch: "*.bench.ts",
  outputDir: "../test-results/bench",
  workers: 1,
  retries: 0,
  timeout: 0,
  reportSlowTests: null,
  reporter: [["list", { printSteps: false }]],
});
