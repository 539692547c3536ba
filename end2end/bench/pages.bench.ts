// Pages that the server renders for each second of its processor time.
import http from "node:http";

import { test } from "@playwright/test";

import { Figures } from "./figures.ts";
import { cpu } from "./proc.ts";
import { type Server, get, withServer } from "./server.ts";

const AT_ONCE = 4;
const SECONDS = 10;

/** Asks again and again; pages per second of the server's processor time, and per second. */
async function ask(server: Server, path: string, encoding: string): Promise<Record<string, number>> {
  const agent = new http.Agent({ keepAlive: true, maxSockets: AT_ONCE });
  const options = { agent, headers: { ...server.headers, "accept-encoding": encoding } };
  let [pages, bytes] = [0, 0];
  const round = async (end: number) => {
    while (performance.now() < end) {
      const { status, body } = await get(server.origin + path, options);
      if (status !== 200) throw new Error(`${path} answers ${status}`);
      pages += 1;
      bytes = body.length;
    }
  };
  const together = (seconds: number) => {
    const end = performance.now() + seconds * 1000;
    return Promise.all(Array.from({ length: AT_ONCE }, () => round(end)));
  };
  await together(1);
  pages = 0;
  const [before, start] = [cpu(server.pid), performance.now()];
  await together(SECONDS);
  const [spent, took] = [cpu(server.pid) - before, performance.now() - start];
  agent.destroy();
  return { perCore: (pages * 1000) / spent, perSecond: (pages * 1000) / took, bytes };
}

test("pages", async () => {
  const figures = new Figures("pages");
  await withServer(async (server) => {
    for (const [id, path, encoding] of [
      ["pages-core", "/pods", "identity"],
      ["pages-core-br", "/pods", "gzip, deflate, br"],
      ["pages-wall-br", "/", "gzip, deflate, br"],
    ]) {
      const found = await ask(server, path, encoding);
      figures.one(id, found.perCore);
      figures.detail(id, found);
    }
  });
  figures.write();
});
