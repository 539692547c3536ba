import { appendFileSync, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { type Cluster, kubectl, run } from "./clusters.ts";

/** What a container wrote: when, and the text. */
export type Written = [at: Date, text: string];

const folder = (cluster: Cluster) => `${run}/${cluster}/podlogs/own`;
/** Where the log of a pod that has one of its own stands, or that of the run before. */
export const file = (cluster: Cluster, namespace: string, pod: string, previous: boolean): string =>
  `${folder(cluster)}/${namespace}_${pod}${previous ? ".prev" : ""}.log`;

/** Adds to the log of a pod that has one of its own, as a node writes it. */
export function write(cluster: Cluster, namespace: string, pod: string, lines: Written[], previous = false): void {
  mkdirSync(folder(cluster), { recursive: true });
  const text = lines.map(([at, text]) => `${at.toISOString()} stdout F ${text}\n`).join("");
  appendFileSync(file(cluster, namespace, pod, previous), text);
}

/** The pods of a namespace, by a selector, each with an empty log: asking for a missing one is an error that no real node gives. */
export function withLogs(cluster: Cluster, namespace: string, selector: string): string[] {
  const names = kubectl(cluster, "-n", namespace, "get", "pods", "-l", selector, "-o", "jsonpath={.items[*].metadata.name}");
  const pods = names.split(" ").filter((name) => name !== "");
  mkdirSync(folder(cluster), { recursive: true });
  for (const pod of pods) {
    // Another file, as a node makes it: one that became shorter is none that anybody reads on.
    for (const previous of [false, true]) {
      rmSync(file(cluster, namespace, pod, previous), { force: true });
      writeFileSync(file(cluster, namespace, pod, previous), "");
    }
  }
  return pods;
}

/** Takes the logs away again. */
export function forget(cluster: Cluster): void {
  if (existsSync(folder(cluster))) rmSync(folder(cluster), { recursive: true });
}

/** Begins the log of a pod anew, as its node does where it became large; or because its container was restarted: then what there is becomes that of the run before. */
export function rotate(cluster: Cluster, namespace: string, pod: string, isRestarted = false): void {
  const now = file(cluster, namespace, pod, false);
  renameSync(now, isRestarted ? file(cluster, namespace, pod, true) : `${now}.1`);
  writeFileSync(now, "");
}
