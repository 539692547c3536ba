import { spawn, type ChildProcess } from "node:child_process";
import { createWriteStream, mkdirSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { kubeconfig, root, run } from "./clusters.ts";

const port = 27040;

/** Where the console under test listens. `QUARTERDECK_URL` names one that runs already; then nothing is started. */
export const address = process.env.QUARTERDECK_URL ?? `http://127.0.0.1:${port}`;

/** Starts the console on the private clusters and waits until it can show pages. */
export async function startConsole(): Promise<() => Promise<void>> {
  const folder = process.env.CARGO_TARGET_DIR ?? `${root}/target`;
  const program = process.env.QUARTERDECK_PROGRAM ?? `${folder}/debug/quarterdeck`;
  mkdirSync(run, { recursive: true });
  const log = createWriteStream(`${run}/quarterdeck.log`);
  const settings = { config: "config/demo.yaml", kubeconfig, listen: `127.0.0.1:${port}`, site: "target/site" };
  const flags = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
  const server = spawn(program, ["serve", ...flags], { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
  server.stdout.pipe(log);
  server.stderr.pipe(log);
  try {
    await untilReady(server);
  } catch (error) {
    await stop(server);
    throw error;
  }
  return () => stop(server);
}

async function untilReady(server: ChildProcess): Promise<void> {
  let trouble: unknown = "no answer";
  for (const end = Date.now() + 60_000; Date.now() < end; await sleep(100)) {
    if (server.exitCode !== null) throw new Error(`quarterdeck ended with ${server.exitCode}; see ${run}/quarterdeck.log`);
    try {
      const answer = await fetch(`${address}/readyz`);
      if (answer.status === 200) return;
      trouble = await answer.text();
    } catch (error) {
      trouble = error;
    }
  }
  throw new Error(`quarterdeck is not ready after a minute (${trouble}); see ${run}/quarterdeck.log`);
}

async function stop(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const ended = new Promise((resolve) => server.once("exit", resolve));
  server.kill("SIGTERM");
  await Promise.race([ended, sleep(10_000).then(() => server.kill("SIGKILL"))]);
}
