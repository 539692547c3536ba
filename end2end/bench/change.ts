// From a change sent to the API server until it stands on the screen.
import { ahead, now, sleep } from "./clock.ts";
import { BareWatch, type Pod, pods, restartsOf, setRestarts } from "./kube.ts";
import type { Server } from "./server.ts";
import { Tab, firstPod, launch, rowOf } from "./tab.ts";

/** In order of names, so that no row moves when its restarts change. */
const PATH = "/pods?sort=name";
/** How many of the rows on the screen are changed in turns. */
const ROWS = 20;
/** A change that is not there by then is lost, in milliseconds. */
const LOST = 10_000;

declare global {
  interface Window {
    /** Runs until a row shows this number; says when, on the page's clock. */
    shows: (selector: string, number: string) => Promise<number>;
  }
}

export interface Change {
  /** Milliseconds until it stood in the DOM; `null` when it never did. */
  screen: number | null;
  /** Milliseconds until a bare watch read it. */
  floor: number | null;
}

export interface Changed {
  changes: Change[];
  /** How exactly the two clocks were known, in milliseconds. */
  clockError: number;
}

/** Numbers that no pod has and no other change uses. */
let unique = 1_000_000 + (Date.now() % 1_000_000);

/** A tab on the pods, and the watch beside it. */
export class Screen {
  private constructor(
    readonly tab: Tab,
    private readonly browser: Awaited<ReturnType<typeof launch>>,
    private readonly bare: BareWatch,
    /** The pods on the screen that are changed. */
    readonly rows: Pod[],
    /** The names of all pods in the window, seen or not. */
    readonly window: string[],
  ) {}

  static async open(server: Server): Promise<Screen> {
    const browser = await launch();
    const tab = await Tab.open(browser, rowOf(await firstPod(server, PATH)));
    await tab.show(server, PATH);
    await tab.live();
    // The window of rows has taken over from the page.
    await sleep(1000);
    const names = await tab.page.evaluate(() =>
      [...document.querySelectorAll("#rows th")].map((row) => row.getAttribute("title") ?? ""),
    );
    await tab.page.evaluate(() => {
      window.shows = (selector, number) =>
        new Promise((resolve) => {
          const rows = document.querySelector("#rows");
          const shown = () => {
            const cells = document.querySelector(selector)?.closest("tr")?.querySelectorAll("td") ?? [];
            return [...cells].some((cell) => cell.textContent?.replaceAll(",", "") === number);
          };
          const observer = new MutationObserver(() => {
            if (!shown()) return;
            observer.disconnect();
            resolve(performance.timeOrigin + performance.now());
          });
          if (rows) observer.observe(rows, { childList: true, characterData: true, subtree: true });
        });
    });
    const bare = new BareWatch();
    await bare.open();
    const rows = (await pods()).filter(({ name }) => names.slice(0, ROWS).includes(name));
    return new Screen(tab, browser, bare, rows, names);
  }

  /** Changes one row after the other, at random moments 0.5 to 1.5 s apart. */
  async change(count: number): Promise<Changed> {
    const { page } = this.tab;
    const clock = await ahead(page);
    const changes: Change[] = [];
    for (let index = 0; index < count; index += 1) {
      await sleep(500 + Math.random() * 1000);
      const pod = this.rows[Math.floor(Math.random() * this.rows.length)];
      const number = (unique += 1);
      const seen = page.evaluate(([selector, text]) => window.shows(selector, text), [rowOf(pod.name), String(number)]);
      // The page has to look before the change is made.
      await page.evaluate(() => undefined);
      const read = this.bare.sees(number);
      const sent = now();
      const answered = setRestarts(pod, number);
      const [screen, floor] = await Promise.all([
        orNull(seen.then((at) => at + clock.offset - sent)),
        orNull(read.then((at) => at - sent)),
      ]);
      await answered;
      changes.push({ screen, floor });
    }
    return { changes, clockError: clock.error };
  }

  /** Changes rows quickly one after the other; how many never show their last value. */
  async missedLastValues(): Promise<number> {
    for (let round = 0; round < 10; round += 1) {
      await Promise.all(this.rows.map((pod) => setRestarts(pod, (unique += 1))));
    }
    const missed = await Promise.all(
      this.rows.map(async (pod) => {
        const wanted = String(await restartsOf(pod));
        const find = this.tab.page.waitForFunction(
          ([selector, text]) => {
            const cells = document.querySelector(selector)?.closest("tr")?.querySelectorAll("td") ?? [];
            return [...cells].some((cell) => cell.textContent?.replaceAll(",", "") === text);
          },
          [rowOf(pod.name), wanted],
          { timeout: LOST },
        );
        return find.then(() => 0, () => 1);
      }),
    );
    return missed.reduce<number>((sum, one) => sum + one, 0);
  }

  /** How often the API server ended the bare watch. */
  get watchesEnded(): number {
    return this.bare.ended;
  }

  async close(): Promise<void> {
    this.bare.close();
    await this.browser.close();
  }
}

function orNull(promise: Promise<number>): Promise<number | null> {
  promise.catch(() => {});
  return Promise.race([promise, sleep(LOST).then(() => null)]);
}

/** The numbers of a list that are some. */
export function known(values: (number | null)[]): number[] {
  return values.filter((value) => value !== null);
}
