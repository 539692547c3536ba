import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { root, run } from "./clusters.ts";

const xtask = process.env.QUARTERDECK_XTASK ?? `${process.env.CARGO_TARGET_DIR ?? `${root}/target`}/debug/xtask`;
const folders = ["main", "fleetops"].flatMap((name) => ["--cluster-dir", `${run}/${name}`]);

/** Breaks one thing of the demo on purpose. */
export function breakIt(scenario: string, target?: string): void {
  world("break", scenario, ...(target === undefined ? [] : ["--target", target]), ...folders);
}

/** Takes it back. */
export function heal(scenario: string): void {
  world("heal", scenario, ...folders);
}

/** Pins the load of what an autoscaler scales to so many times the usual one, or lets it come and go again. */
export function load(autoscaler: string, factor?: number): void {
  world("load", autoscaler, ...(factor === undefined ? ["--release"] : ["--factor", String(factor)]), ...folders);
}

function world(...words: string[]): void {
  execFileSync(xtask, ["world", ...words], { stdio: ["ignore", "ignore", "inherit"] });
}

/** Keeps the demo alive: load for the autoscalers, and answers of the systems' APIs at an address of their own. */
export async function live(address: string): Promise<() => Promise<void>> {
  const alive = spawn(xtask, ["world", ...folders, "--listen", address, "--release-minutes", "0"], { stdio: ["ignore", "ignore", "inherit"] });
  for (const end = Date.now() + 30_000; ; await sleep(100)) {
    if (alive.exitCode !== null) throw new Error(`the world ended with ${alive.exitCode}`);
    try {
      await fetch(`http://${address}/`);
      break;
    } catch (error) {
      if (Date.now() > end) throw error;
    }
  }
  return async () => {
    alive.kill("SIGINT");
    await once(alive, "close");
  };
}
