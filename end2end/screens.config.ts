import { defineConfig } from "@playwright/test";
import { browser } from "./harness/browser.ts";

/** Pictures to look at, not tests: `make screens`. */
export default defineConfig({
  testDir: ".",
  testMatch: "screens.ts",
  outputDir: "test-results",
  globalSetup: "./harness/setup.ts",
  workers: 1,
  reporter: [["list"]],
  use: { ...browser },
});
