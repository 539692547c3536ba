// From the start of the program until it shows the right page.
import { test } from "@playwright/test";

import { now } from "./clock.ts";
import { Figures } from "./figures.ts";
import { Server } from "./server.ts";
import { settings } from "./settings.ts";

test("start", async () => {
  const figures = new Figures("start");
  const all = settings.pods.toLocaleString("en-US");
  const [runs, ready]: [number[], number[]] = [[], []];
  for (let run = 0; run < settings.runs; run += 1) {
    const server = await Server.spawn();
    const { began } = server;
    try {
      await server.ready(3);
      ready.push((now() - began) / 1000);
      while (!(await server.html("/pods")).includes(`${all} of ${all}`)) {
        if (now() - began > 120_000) throw new Error(`/pods does not show ${all} pods`);
      }
      runs.push((now() - began) / 1000);
    } finally {
      await server.end();
    }
  }
  figures.median("start", runs);
  figures.detail("until /readyz, s", ready);
  figures.write();
});
