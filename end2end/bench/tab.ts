// A tab in a real browser, with everything counted that comes over the wire.
import type { Browser, BrowserContext, CDPSession, Page } from "@playwright/test";
import { chromium } from "@playwright/test";

import { COOKIE } from "../harness/people.ts";
import { sleep } from "./clock.ts";
import type { Server } from "./server.ts";
import { FRAMES } from "./viewer.ts";

/** What the slow line is: 4 Mbit/s both ways, 150 ms there and back. */
const SLOW_LINE = { offline: false, latency: 150, downloadThroughput: 500_000, uploadThroughput: 500_000 };

/** Times in the page, in milliseconds since the navigation began. */
export interface Times {
  /** The first byte of the document. */
  byte: number;
  /** The first paint with content. */
  paint: number;
  /** The first content stands in the DOM. */
  inDom: number;
  /** It was painted: two frames later. */
  content: number;
  /** The first page came over the socket and was taken in. */
  live: number;
}

interface InPage extends Partial<Times> {
  memories: WebAssembly.Memory[];
}

declare global {
  interface Window {
    bench: InPage;
  }
}

export interface Resource {
  url: string;
  type: string;
  bytes: number;
  /** When all of it had come, on the browser's own clock. */
  finished?: number;
}

/** The browser of the measures. */
export function launch(): Promise<Browser> {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: [
      "--enable-precise-memory-info",
      // A renderer kept in reserve would be counted with the page's.
      "--disable-features=SpareRendererForSitePerProcess",
    ],
  });
}

/** Notes when the first content is seen and when the page is live. Runs in the page before anything else. */
function watchPage({ selector, pageFrame }: { selector: string; pageFrame: number }): void {
  const bench: InPage = { memories: [] };
  window.bench = bench;
  const painted = (note: () => void) => requestAnimationFrame(() => requestAnimationFrame(note));
  const look = () => {
    if (bench.inDom !== undefined || !document.querySelector(selector)) return;
    observer.disconnect();
    bench.inDom = performance.now();
    painted(() => (bench.content = performance.now()));
  };
  const observer = new MutationObserver(look);
  observer.observe(document, { childList: true, subtree: true });

  window.WebSocket = class extends WebSocket {
    constructor(url: string | URL, protocols?: string | string[]) {
      super(url, protocols);
      this.addEventListener("message", ({ data }) => {
        if (bench.live !== undefined || new Uint8Array(data)[0] !== pageFrame) return;
        bench.live = 0;
        painted(() => (bench.live = performance.now()));
      });
    }
  };

  const keep = (result: WebAssembly.WebAssemblyInstantiatedSource) => {
    const { memory } = result.instance.exports;
    if (memory instanceof WebAssembly.Memory) bench.memories.push(memory);
    return result;
  };
  const streaming = WebAssembly.instantiateStreaming;
  WebAssembly.instantiateStreaming = (source, imports) => streaming(source, imports).then(keep);
}

export class Tab {
  /** Bytes as they came: of which request, when, on the browser's own clock, and how many. */
  private readonly arrivals: { id: string; at: number; bytes: number }[] = [];
  private readonly resources = new Map<string, Resource>();
  private beganWall = 0;
  private began = 0;
  /** Frames of the socket: their kind and their payload's bytes. */
  readonly frames: { kind: string; bytes: number }[] = [];

  private constructor(
    readonly page: Page,
    private readonly context: BrowserContext,
    readonly session: CDPSession,
  ) {}

  /** A tab with empty caches that shows nothing yet. `selector` is what counts as the first content. */
  static async open(
    browser: Browser,
    selector: string,
    options: { slow?: boolean; withoutScript?: boolean } = {},
  ): Promise<Tab> {
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
    const page = await context.newPage();
    const session = await context.newCDPSession(page);
    await session.send("Network.enable");
    await session.send("Network.setCacheDisabled", { cacheDisabled: true });
    if (options.slow) await session.send("Network.emulateNetworkConditions", SLOW_LINE);
    if (options.withoutScript) await session.send("Network.setBlockedURLs", { urls: ["*.js", "*.wasm"] });
    await page.addInitScript(watchPage, { selector, pageFrame: FRAMES.indexOf("Page") });
    const tab = new Tab(page, context, session);
    tab.count();
    return tab;
  }

  private count(): void {
    this.session.on("Network.requestWillBeSent", ({ requestId, request, type, timestamp, wallTime }) => {
      if (this.began === 0) [this.began, this.beganWall] = [timestamp, wallTime * 1000];
      this.resources.set(requestId, { url: request.url, type: type ?? "", bytes: 0 });
    });
    this.session.on("Network.responseReceived", ({ requestId, timestamp, response }) => {
      this.arrivals.push({ id: requestId, at: timestamp, bytes: response.encodedDataLength });
    });
    this.session.on("Network.dataReceived", ({ requestId, timestamp, encodedDataLength }) => {
      this.arrivals.push({ id: requestId, at: timestamp, bytes: encodedDataLength });
    });
    this.session.on("Network.loadingFinished", ({ requestId, timestamp, encodedDataLength }) => {
      const resource = this.resources.get(requestId);
      if (resource) [resource.bytes, resource.finished] = [encodedDataLength, timestamp];
    });
    this.session.on("Network.webSocketFrameReceived", ({ response }) => {
      const payload = Buffer.from(response.payloadData, response.opcode === 2 ? "base64" : "utf8");
      this.frames.push({ kind: FRAMES[payload[0]] ?? "unknown", bytes: payload.length });
    });
  }

  /** Goes to a page and waits until its first content was painted. */
  async show(server: Pick<Server, "origin"> & { secret?: string }, path: string): Promise<void> {
    // The tests' browser is signed in already.
    if (server.secret) await this.context.addCookies([{ name: COOKIE, value: server.secret, url: server.origin }]);
    await this.page.goto(server.origin + path, { waitUntil: "commit" });
    await this.page.waitForFunction(() => window.bench?.content !== undefined, undefined, { polling: 5, timeout: 60_000 });
  }

  /** Waits until the page is live: hydrated, and its first page came over the socket. */
  async live(): Promise<void> {
    await this.page.waitForFunction(() => !!window.bench?.live, undefined, { polling: 5, timeout: 60_000 });
  }

  /** Waits until nothing has come for half a second. */
  async quiet(): Promise<void> {
    for (let before = -1; before !== this.arrivals.length; ) {
      before = this.arrivals.length;
      await sleep(500);
    }
  }

  times(): Promise<Times> {
    return this.page.evaluate(() => ({
      byte: (performance.getEntriesByType("navigation")[0] as PerformanceNavigationTiming).responseStart,
      paint: performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? NaN,
      inDom: window.bench.inDom ?? NaN,
      content: window.bench.content ?? NaN,
      live: window.bench.live ?? NaN,
    }));
  }

  /** Bytes that had come when the first content was painted. */
  async bytesAtContent(): Promise<number> {
    const wall = await this.page.evaluate(() => performance.timeOrigin + (window.bench.content ?? NaN));
    const at = this.began + (wall - this.beganWall) / 1000;
    let sum = 0;
    for (const [id, { bytes, finished }] of this.resources) {
      const parts = this.arrivals.filter((part) => part.id === id && part.at <= at);
      const come = parts.reduce((all, part) => all + part.bytes, 0);
      // The parts of a compressed answer are told apart only when it is whole.
      sum += finished !== undefined && finished <= at ? bytes : come;
    }
    return sum;
  }

  /** What was loaded, frames of the socket as one. */
  loaded(): Resource[] {
    const files = [...this.resources.values()].filter(({ url }) => url.startsWith("http"));
    const bytes = this.frames.reduce((sum, frame) => sum + frame.bytes, 0);
    return [...files, { url: "socket", type: "WebSocket", bytes }];
  }

  async collectGarbage(): Promise<void> {
    await this.session.send("HeapProfiler.enable");
    for (let time = 0; time < 2; time += 1) await this.session.send("HeapProfiler.collectGarbage");
    await this.session.send("HeapProfiler.disable");
  }

  /** JS heap in use and WebAssembly memory, in bytes. */
  async heap(): Promise<{ script: number; wasm: number }> {
    const { usedSize } = await this.session.send("Runtime.getHeapUsage");
    const wasm = await this.page.evaluate(() =>
      window.bench.memories.reduce((sum, memory) => sum + memory.buffer.byteLength, 0),
    );
    return { script: usedSize, wasm };
  }

  close(): Promise<void> {
    return this.context.close();
  }
}

/** Process ids of the renderers. */
export async function renderers(browser: Browser): Promise<number[]> {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send("SystemInfo.getProcessInfo");
  await session.detach();
  return processInfo.filter(({ type }) => type === "renderer").map(({ id }) => id);
}

/** The name of the first pod that a page of the pods shows. */
export async function firstPod(server: Server, path = "/pods"): Promise<string> {
  const name = /<th scope="row"[^>]*title="([^"]+)"/.exec(await server.html(path))?.[1];
  if (!name) throw new Error(`${path} shows no pod`);
  return name;
}

/** What counts as the first content of the pods: the row of a pod. */
export function rowOf(pod: string): string {
  return `#rows th[title="${pod}"]`;
}

/** What counts as the first content of the wall: the link to a component. */
export async function firstCell(server: Server): Promise<string> {
  const link = /href="(\/e\/[^"/]+\/[^"/]+\/[^"/]+\/[^"/]+)"/.exec(await server.html("/"))?.[1];
  if (!link) throw new Error("the wall shows no component");
  return `main a[href="${link}"]`;
}
