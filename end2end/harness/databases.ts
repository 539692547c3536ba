import { spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream, mkdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { root, run } from "./clusters.ts";

const xtask = process.env.QUARTERDECK_XTASK ?? `${process.env.CARGO_TARGET_DIR ?? `${root}/target`}/debug/xtask`;
const folder = `${run}/databases`;
/** PostgreSQL's, then Redis' of development and of staging; the demo's are 7791 to 7793. */
const base = 27050;

/** The environments with demo data. */
export const places = ["fleet-management/development", "fleet-management/staging"];

/** The registry of the demo with the ports of these databases. */
export function withPorts(registry: string): string {
  return registry.replaceAll(/port: 779([123])\b/g, (_, digit: string) => `port: ${base + Number(digit) - 1}`);
}

/** Starts the databases and waits until they are filled. Returns what the console needs to reach them, and what ends them. */
export async function startDatabases(): Promise<[Record<string, string>, () => Promise<void>]> {
  mkdirSync(run, { recursive: true });
  await endLeft();
  const log = createWriteStream(`${run}/databases.log`);
  const databases = spawn(xtask, ["databases", "--dir", folder, "--port-base", String(base)], { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
  databases.stdout.pipe(log);
  databases.stderr.pipe(log);
  const ended = once(databases, "exit");
  const stop = async () => {
    databases.kill("SIGTERM");
    await ended;
  };
  for (const end = Date.now() + 60_000; written("ready") !== String(databases.pid); await sleep(50)) {
    const isOver = databases.exitCode !== null || databases.signalCode !== null;
    if (!isOver && Date.now() < end) continue;
    await stop();
    throw new Error(`the databases ${isOver ? "ended" : "are not ready after a minute"}; see ${run}/databases.log`);
  }
  const lines = (written("passwords.env") ?? "").split("\n").filter((line) => line !== "");
  return [Object.fromEntries(lines.map((line) => line.split("=", 2))), stop];
}

/** Ends those of a run that was cut off. */
async function endLeft(): Promise<void> {
  const pid = Number(written("ready"));
  const isOurs = () => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(`\0databases\0--dir\0${folder}\0`);
    } catch {
      return false;
    }
  };
  if (!(pid > 0) || !isOurs()) return;
  process.kill(pid, "SIGTERM");
  for (const end = Date.now() + 15_000; isOurs(); await sleep(50)) {
    if (Date.now() > end) throw new Error(`the databases of an earlier run do not end: process ${pid}`);
  }
}

function written(name: string): string | undefined {
  try {
    return readFileSync(`${folder}/${name}`, "utf8");
  } catch {
    return undefined;
  }
}
