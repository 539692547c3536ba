import { expect, test, type Page } from "@playwright/test";
import { live } from "../harness/pages.ts";
import { live as keepAlive, load } from "../harness/world.ts";

const PATH = "/e/fleet-management/production";
const NAME = "fleet-management/fleet-app-hpa";
const LISTEN = "127.0.0.1:7796";

/** The card of fleet-app's autoscaler. */
function card(page: Page) {
  return page.getByRole("heading", { name: "fleet-app", level: 3, exact: true }).locator("xpath=../..");
}

/** What the card said, in order, and what the replicas were when it began to say so. */
type Said = { at: number; replicas: number; sentence: string };

/** Writes down each change of the card from now on. */
async function listen(page: Page): Promise<() => Promise<Said[]>> {
  await card(page).evaluate((card) => {
    const said: { at: number; replicas: number; sentence: string }[] = [];
    (window as unknown as { said: typeof said }).said = said;
    const section = card.parentElement ?? card;
    const look = () => {
      const heading = [...section.querySelectorAll("h3")].find(({ textContent }) => textContent === "fleet-app");
      const one = heading?.parentElement?.parentElement;
      const sentence = one?.querySelector("p")?.textContent?.trim() ?? "";
      const replicas = Number.parseInt(heading?.nextElementSibling?.textContent ?? "", 10);
      const last = said.at(-1);
      if (last?.sentence !== sentence || last.replicas !== replicas) said.push({ at: Date.now(), replicas, sentence });
    };
    look();
    new MutationObserver(look).observe(section, { childList: true, characterData: true, subtree: true });
  });
  return () => page.evaluate(() => (window as unknown as { said: Said[] }).said);
}

/**
 * Foretold steps: what was said last before the number of replicas changed, what that was then, and after how many milliseconds. What
 * was said before may have been of another load.
 */
function foretold(said: Said[], form: RegExp): { sentence: string; to: number; became?: number; after?: number }[] {
  return said.flatMap(({ at, replicas, sentence }, index) => {
    const to = form.exec(sentence)?.[1];
    if (to === undefined) return [];
    const later = said.slice(index + 1);
    const next = later.find((one) => one.replicas !== replicas);
    const until = next === undefined ? later : later.slice(0, later.indexOf(next));
    if (until.some((one) => form.test(one.sentence))) return [];
    return [{ sentence, to: Number(to), became: next?.replicas, after: next && next.at - at }];
  });
}

test("the card of an autoscaler says beforehand what then happens, and its chart shows it", async ({ page }) => {
  test.setTimeout(420_000);
  const stop = await keepAlive(LISTEN);
  try {
    load(NAME, 1);
    await page.goto(PATH);
    await live(page);
    await expect(card(page).getByText(/Steady at 3, its minimum/)).toBeVisible({ timeout: 90_000 });

    // Thirty times the load: more than 20 can carry, in steps that its policies bound.
    const up = await listen(page);
    load(NAME, 30);
    await expect(card(page).getByText(/At its maximum of 20.*the load asks for (more|\d+)/)).toBeVisible({ timeout: 90_000 });
    const steps = foretold(await up(), /Scales to (\d+) within/);
    expect(steps.length, JSON.stringify(await up(), null, 1)).toBeGreaterThan(0);
    for (const { sentence, to, became, after } of steps) {
      expect(became, sentence).toBe(to);
      const within = Number(/within (\d+) s/.exec(sentence)?.[1]) * 1000;
      // A look of the controller more: what it decides is not in its status at the same moment.
      expect(after, sentence).toBeLessThan(within + 5000);
    }

    // The usual load again: it holds what it has for a while, says how long, and goes to 3.
    const down = await listen(page);
    load(NAME, 1);
    await expect(card(page).getByText(/Steady at 3, its minimum/)).toBeVisible({ timeout: 120_000 });
    const waits = foretold(await down(), /Will not scale down before .* it then scales to (\d+)\.$/);
    expect(waits.length, JSON.stringify(await down(), null, 1)).toBeGreaterThan(0);
    // A look of the controller between two samples may have asked for more than both: then it goes there first, and on to 3 after it.
    for (const { sentence, to, became } of waits) {
      expect(to, sentence).toBe(3);
      expect(became, sentence).toBeLessThan(20);
    }

    const chart = card(page).getByRole("img", { name: /replicas 3 to 20, load at .* scaled \d+ times/ });
    await expect(chart).toBeVisible({ timeout: 20_000 });
    expect(await chart.locator("title").allTextContents()).toContainEqual(expect.stringMatching(/New size: 20; reason: cpu/i));
  } finally {
    load(NAME);
    await stop();
  }
});
