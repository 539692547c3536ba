import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";

export const root = resolve(dirname(fileURLToPath(import.meta.url)), "../..");
/** Data, keys, logs and process ids of the private clusters. */
export const run = `${root}/end2end/run`;
export const kubeconfig = `${run}/kubeconfig`;

export type Cluster = "main" | "fleetops";

/** Starts what does not run of the two clusters, or ends them and forgets their data. */
export function clusters(what: "up" | "down"): void {
  execFileSync(`${root}/scripts/browser-clusters`, [what], { stdio: ["ignore", "inherit", "inherit"] });
}

/** One kubeconfig with both clusters, as the console wants it. */
export function writeKubeconfig(): void {
  const [first, second] = (["main", "fleetops"] as const).map(kubeconfigOf).map((path) => JSON.parse(readFileSync(path, "utf8")));
  for (const list of ["clusters", "users", "contexts"]) first[list].push(...second[list]);
  writeFileSync(kubeconfig, JSON.stringify(first, null, 2));
}

/** What somebody types beside the console. */
export function kubectl(cluster: Cluster, ...words: string[]): string {
  return execFileSync(`${programs()}/kubectl`, ["--kubeconfig", kubeconfigOf(cluster), ...words], { encoding: "utf8", maxBuffer: 64 * 1024 * 1024 });
}

/** The control plane's programs: where scripts/test found them, else those built last. */
function programs(): string {
  const named = process.env.QUARTERDECK_CONTROL_PLANE;
  if (named !== undefined) return named;
  const cache = `${process.env.XDG_CACHE_HOME ?? `${homedir()}/.cache`}/quarterdeck/control-plane`;
  const built = readdirSync(cache).map((name) => `${cache}/${name}/bin`).filter((path) => existsSync(path));
  const [newest] = built.sort((one, other) => statSync(other).mtimeMs - statSync(one).mtimeMs);
  if (newest === undefined) throw new Error("no control plane was built yet: cargo xtask cluster build");
  return newest;
}

/** Sends a signal to one process of a cluster, found by the id that was written down when it was started. */
export function signal(cluster: Cluster, process_: string, name: NodeJS.Signals): void {
  const [pid] = readFileSync(`${run}/${cluster}/pid/${process_}`, "utf8").split(" ");
  process.kill(Number(pid), name);
}

/**
 * Kills one process of a cluster and returns when it is no more. Its connections break well before: an `up` in between
 * takes what is dying for running, and starts nothing.
 */
export async function kill(cluster: Cluster, process_: string): Promise<void> {
  const [pid] = readFileSync(`${run}/${cluster}/pid/${process_}`, "utf8").split(" ");
  const stat = `/proc/${pid}/stat`;
  process.kill(Number(pid), "SIGKILL");
  const isOver = () => /\) [ZXx] /.test(readFileSync(stat, "utf8"));
  for (let tries = 0; tries < 3_000; tries += 1) {
    try {
      if (isOver()) return;
    } catch {
      // There is none any more.
      return;
    }
    await new Promise((resume) => setTimeout(resume, 10));
  }
  throw new Error(`${process_} does not end`);
}

function kubeconfigOf(cluster: Cluster): string {
  return `${run}/${cluster}/pki/admin.conf`;
}
