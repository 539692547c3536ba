import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { cpSync, createWriteStream, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { kubeconfig, root, run } from "./clusters.ts";
import { places, withPorts } from "./databases.ts";
import { addPerson, kept, signIn } from "./people.ts";
import { client, issuer } from "./provider.ts";

const port = 27040;

/** Where the console under test listens. `QUARTERDECK_URL` names one that runs already; then nothing is started. */
export const address = process.env.QUARTERDECK_URL ?? `http://127.0.0.1:${port}`;

/** The program under test. */
export const program = process.env.QUARTERDECK_PROGRAM ?? `${process.env.CARGO_TARGET_DIR ?? `${root}/target`}/debug/quarterdeck`;

/** Where the program under test keeps people and what was done. */
export const database = `sqlite:${run}/people.db`;

/** The browser of kim, who looks at everything and manages people: what most tests are signed in as. */
export const kim = `${run}/kim.json`;

/** Adds a person and signs them in. Returns the secret that their browser holds. */
export async function enter(name: string, ...roles: string[]): Promise<string> {
  return signIn(address, name, addPerson(program, database, name, ...roles));
}

/** The registry of the tests: as the demo's, with databases of their own, and a group of their provider looks at one environment. */
function registry(): string {
  const demo = withPorts(readFileSync(`${root}/config/demo.yaml`, "utf8"));
  // Nobody answers for the systems' APIs: what is never asked is not known, where what does not answer would have failed.
  const text = demo.replaceAll("http://127.0.0.1:7790/", "http://169.254.0.1:7790/");
  return `${text}\naccess:\n  - { group: crew, role: viewer, in: fleet-management/staging }\n`;
}

/** Starts the console on the private clusters and waits until it can show pages. `passwords`: those of the databases. */
export async function startConsole(passwords: Record<string, string>): Promise<() => Promise<void>> {
  mkdirSync(run, { recursive: true });
  for (const end of ["", "-wal", "-shm"]) rmSync(`${run}/people.db${end}`, { force: true });
  const log = createWriteStream(`${run}/quarterdeck.log`);
  const site = process.env.QUARTERDECK_SITE ?? "target/site";
  const config = `${run}/registry.yaml`;
  writeFileSync(config, registry());
  cpSync(`${root}/config/seeds`, `${run}/seeds`, { recursive: true });
  const env = { ...process.env, ...passwords };
  for (const place of places) {
    const words = ["demo-data", "enrol", place, "--config", config, "--checks-allow-loopback"];
    execFileSync(program, words, { cwd: root, env, stdio: ["ignore", "ignore", "inherit"] });
  }
  const provider = { "oidc-issuer": issuer, "oidc-client-id": client, "oidc-name": "Example" };
  const settings = { ...provider, config, kubeconfig, listen: `127.0.0.1:${port}`, site, database };
  const flags = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
  const server = spawn(program, ["serve", ...flags, "--checks-allow-loopback"], { cwd: root, env, stdio: ["ignore", "pipe", "pipe"] });
  server.stdout.pipe(log);
  server.stderr.pipe(log);
  try {
    await untilReady(server);
    writeFileSync(kim, JSON.stringify(kept(await enter("kim", "viewer", "admin"))));
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
