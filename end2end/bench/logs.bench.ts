// Logs: from a line that a container writes to the screen, at rising rates, with `kubectl logs -f` on the same pod beside it.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { type Browser, type Page, test } from "@playwright/test";

import { sleep } from "./clock.ts";
import { Figures, median, quantile } from "./figures.ts";
import { type Pod, pods } from "./kube.ts";
import { cpu, memory, proportional } from "./proc.ts";
import { type Server, withServer } from "./server.ts";
import { settings } from "./settings.ts";
import { Tab, launch, renderers } from "./tab.ts";

const MEGA = 1_000_000;
const PLACE = "atlas/development";
/** How long is waited for the last line, in milliseconds. */
const LATE = 15_000;
/** How many lines each of many pods wrote before somebody looks. */
const BEFORE = 200;

/** A line on a screen: its number, and how long it took, in milliseconds. */
type Seen = [number: number, lag: number];

interface Following {
  seen: Seen[];
  /** How many entries the page says were left out. */
  leftOut: number;
  /** How many times lines are said to be missing. */
  gaps: number;
  /** Tasks over 50 ms, together, in milliseconds. */
  longTasks: number;
}

declare global {
  interface Window {
    following: Following;
  }
}

function file({ namespace, name }: Pod): string {
  return join(settings.cluster, "podlogs", "own", `${namespace}_${name}.log`);
}

/** Gives a pod a new log, as its node does: a file that becomes shorter is none that anybody reads on. */
function begin(pod: Pod, text = ""): void {
  mkdirSync(join(settings.cluster, "podlogs", "own"), { recursive: true });
  writeFileSync(`${file(pod)}.new`, text);
  renameSync(`${file(pod)}.new`, file(pod));
}

/** Writes numbered lines into a pod's log. */
async function write(pod: Pod, rate: number): Promise<{ lines: number; seconds: number }> {
  const child = spawn(
    settings.xtask,
    ["bench", "lines", "--file", file(pod), "--rate", String(rate), "--seconds", String(settings.seconds)],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  let said = "";
  child.stdout.on("data", (part: Buffer) => (said += part.toString()));
  const [code] = await once(child, "close");
  if (code !== 0) throw new Error(`the writer ended with ${code}`);
  return JSON.parse(said);
}

/** Notes each line when it was painted. Runs in the page. */
function note(): void {
  const following: Following = { seen: [], leftOut: 0, gaps: 0, longTasks: 0 };
  window.following = following;
  const count = (text: string, words: RegExp) => Number((words.exec(text)?.[1] ?? "0").replaceAll(",", ""));
  new MutationObserver((changes) => {
    const came: [number, number][] = [];
    for (const node of changes.flatMap(({ addedNodes }) => [...addedNodes])) {
      // Behind the time and what else stands before it.
      const text = (node as Element).lastElementChild?.textContent ?? "";
      const line = /number (\d+) at (\d+)/.exec(text);
      if (line) came.push([Number(line[1]), Number(line[2])]);
      else {
        following.leftOut += count(text, /([\d,]+) entr(?:y|ies) left out/) + count(text, /([\d,]+) (?:lines? )?not looked at/);
        following.gaps += Number(text.includes("may be missing"));
      }
    }
    // The next frame shows them; a task behind it runs when it was made.
    requestAnimationFrame(() =>
      setTimeout(() => {
        for (const [number, at] of came) following.seen.push([number, Date.now() - at]);
      }),
    );
  }).observe(document.querySelector("#follow-list")!, { childList: true, subtree: true });
  new PerformanceObserver((list) => {
    for (const task of list.getEntries()) following.longTasks += task.duration;
  }).observe({ type: "longtask" });
}

/** Follows a pod's log in a tab while so many lines a second are written. */
async function inBrowser(figures: Figures, browser: Browser, server: Server, pod: Pod, rate: number): Promise<void> {
  begin(pod, `${new Date().toISOString()} stdout F begins\n`);
  const others = await renderers(browser);
  const tab = await Tab.open(browser, "#follow-list li");
  await tab.show(server, `/logs?environment=${PLACE}&pod=${pod.name}`);
  await tab.page.getByText("Following 1 container").waitFor();
  await tab.page.evaluate(note);
  await sleep(1000);
  const [before, spent] = [memory(server.pid).now, cpu(server.pid)];
  let most = before;
  const watching = setInterval(() => (most = Math.max(most, memory(server.pid).now)), 100);
  const { lines, seconds } = await write(pod, rate);
  const used = cpu(server.pid) - spent;
  const has = (number: number) => tab.page.waitForFunction((last) => window.following.seen.some(([seen]) => seen === last), number, { timeout: LATE });
  await has(lines - 1).catch(() => undefined);
  clearInterval(watching);
  const { seen, leftOut, gaps, longTasks } = await tab.page.evaluate(() => window.following);
  const lags = seen.map(([, lag]) => lag);
  const once = new Set(seen.map(([number]) => number));
  const id = (name: string) => `logs-${rate}-${name}`;
  figures.one(id("written"), lines / seconds);
  figures.quantile(id("lag-p50"), lags, 0.5);
  figures.quantile(id("lag-p95"), lags, 0.95);
  figures.one(id("shown"), once.size);
  figures.one(id("unaccounted"), Math.abs(lines - once.size - leftOut));
  const last = seen.find(([number]) => number === lines - 1);
  if (last) figures.one(id("last"), last[1]);
  figures.one(id("server"), (most - before) / MEGA);
  figures.one(id("cpu"), used / seconds);
  const [renderer] = (await renderers(browser)).filter((one) => !others.includes(one));
  figures.one(id("renderer"), proportional(renderer!) / MEGA);
  figures.one(id("long-tasks"), longTasks / seconds);
  figures.detail(`${rate} lines/s`, { lines, seconds, shown: seen.length, once: once.size, leftOut, gaps, longTasks, before, most });
  await tab.close();
}

/** `kubectl` on the cluster. */
function kubectl(...words: string[]): ChildProcess {
  const at = ["kubectl", "--kubeconfig", settings.kubeconfig, "--context", settings.context];
  return spawn(settings.xtask, [...at, ...words], { stdio: ["ignore", "pipe", "inherit"], env: { ...process.env, KUBECONFIG: settings.kubeconfig } });
}

/** The same, followed by kubectl: the lag of the last line of each piece of its output. */
async function byKubectl(figures: Figures, pod: Pod, rate: number): Promise<void> {
  begin(pod);
  const child = kubectl("--namespace", pod.namespace, "logs", "--follow", pod.name);
  const lags: number[] = [];
  let rest = "";
  let lines = 0;
  child.stdout?.on("data", (part: Buffer) => {
    const now = Date.now();
    rest += part.toString("latin1");
    const end = rest.lastIndexOf("\n");
    if (end < 0) return;
    for (let at = rest.indexOf("\n"); at >= 0 && at <= end; at = rest.indexOf("\n", at + 1)) lines += 1;
    const line = /number \d+ at (\d+)/.exec(rest.slice(rest.lastIndexOf("\n", end - 1) + 1, end));
    if (line) lags.push(now - Number(line[1]));
    rest = rest.slice(end + 1);
  });
  await sleep(2000);
  const written = await write(pod, rate);
  for (const since = Date.now(); lines < written.lines && Date.now() - since < LATE; ) await sleep(50);
  const ended = once(child, "close");
  child.kill();
  await ended;
  figures.quantile(`logs-${rate}-kubectl-p50`, lags, 0.5);
  figures.quantile(`logs-${rate}-kubectl-p95`, lags, 0.95);
  figures.detail(`kubectl, ${rate} lines/s`, { written, lines });
}

/** From the click on a component's logs until its lines were painted, in milliseconds. */
async function firstLines(page: Page, server: Server, component: string): Promise<number> {
  await page.goto(`${server.origin}${component}`, { waitUntil: "load" });
  const clicked = await page.evaluate(() => {
    const link = [...document.querySelectorAll<HTMLAnchorElement>("main a")].find(({ pathname }) => pathname === "/logs");
    if (!link) throw new Error("no way to the logs");
    const now = Date.now();
    link.click();
    return now;
  });
  await page.waitForURL(/\/logs/, { waitUntil: "commit" });
  await page.waitForFunction(() => window.bench?.content !== undefined, undefined, { polling: 5 });
  return (await page.evaluate(() => performance.timeOrigin + (window.bench.content ?? NaN))) - clicked;
}

test("logs", async () => {
  const figures = new Figures("logs");
  const all = await pods();
  const browser = await launch();
  await withServer(async (server) => {
    const before = all.map((_, pod) =>
      Array.from({ length: BEFORE }, (_, line) => {
        const at = new Date(Date.now() - (BEFORE - line) * 1000 + pod).toISOString();
        return `${at} stdout F INFO request ${line} of ${pod} answered with 200\n`;
      }).join(""),
    );
    all.forEach((pod, place) => begin(pod, before[place]));
    const tab = await Tab.open(browser, "#follow-list li");
    await tab.show(server, `/logs?environment=${PLACE}`);
    const first: number[] = [];
    for (let run = 0; run <= settings.runs; run += 1) {
      const took = await firstLines(tab.page, server, `/e/${PLACE}/deployment/orders-web`);
      // The first one is not counted: it fills what the server and the browser keep for everybody.
      if (run > 0) first.push(took);
    }
    await tab.close();
    figures.median("logs-first", first);
    figures.quantile("logs-first-p95", first, 0.95);
    const theirs: number[] = [];
    for (let run = 0; run < settings.runs; run += 1) {
      const start = performance.now();
      const child = kubectl("--namespace", all[0]!.namespace, "logs", "--selector", "app=orders-web", "--tail", "200", "--max-log-requests", "20");
      child.stdout?.resume();
      await once(child, "close");
      theirs.push(performance.now() - start);
    }
    figures.median("logs-kubectl-first", theirs);
    figures.detail("first lines, ms", { ours: median(first), most: quantile(first, 1) });
    for (const rate of settings.rates) {
      await inBrowser(figures, browser, server, all[0]!, rate);
      await byKubectl(figures, all[0]!, rate);
      // Nobody looks any more, and what was kept is let go.
      await sleep(12_000);
      figures.detail(`file of ${rate} lines/s, bytes`, statSync(file(all[0]!)).size);
    }
    for (const pod of all) rmSync(file(pod), { force: true });
  }).finally(() => browser.close());
  figures.write();
});
