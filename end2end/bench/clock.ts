// One clock for the driver and the browser: both count from the machine's, and drift apart by less than is measured.
import { performance } from "node:perf_hooks";

import type { Page } from "@playwright/test";

/** Milliseconds since 1970, with fractions. */
export function now(): number {
  return performance.timeOrigin + performance.now();
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/**
 * What must be added to the page's clock to have the driver's. Asked often; the answer that came back soonest is the
 * most exact, by half the time it took.
 */
export async function ahead(page: Page): Promise<{ offset: number; error: number }> {
  let best = { offset: 0, error: Infinity };
  for (let ask = 0; ask < 40; ask += 1) {
    const sent = now();
    const there = await page.evaluate(() => performance.timeOrigin + performance.now());
    const back = now();
    const error = (back - sent) / 2;
    if (error < best.error) best = { offset: sent + error - there, error };
  }
  return best;
}
