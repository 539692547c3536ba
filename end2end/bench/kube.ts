// The API server, asked directly: changes, the bare watch that is the floor, and its metrics.
import { readFileSync } from "node:fs";
import type { ClientRequest } from "node:http";
import https from "node:https";

import { now } from "./clock.ts";
import { settings } from "./settings.ts";

interface Kubeconfig {
  clusters: { cluster: { server: string; "certificate-authority": string } }[];
  users: { user: { "client-certificate": string; "client-key": string } }[];
}

const kubeconfig: Kubeconfig = JSON.parse(readFileSync(settings.kubeconfig, "utf8"));
const { cluster } = kubeconfig.clusters[0];
const { user } = kubeconfig.users[0];
const agent = new https.Agent({
  keepAlive: true,
  ca: readFileSync(cluster["certificate-authority"]),
  cert: readFileSync(user["client-certificate"]),
  key: readFileSync(user["client-key"]),
});

export interface Pod {
  namespace: string;
  name: string;
}

interface Sent {
  accept?: string;
  type?: string;
  body?: string;
}

function ask(method: string, path: string, { accept = "application/json", type, body }: Sent = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers: Record<string, string | number> = { accept };
    if (type && body !== undefined) {
      headers["content-type"] = type;
      headers["content-length"] = Buffer.byteLength(body);
    }
    const request = https.request(cluster.server + path, { method, agent, headers }, (response) => {
      const parts: Buffer[] = [];
      response.on("data", (part: Buffer) => parts.push(part));
      response.on("error", reject);
      response.on("end", () => {
        const text = Buffer.concat(parts).toString();
        if (response.statusCode && response.statusCode < 300) resolve(text);
        else reject(new Error(`${method} ${path}: ${response.statusCode} ${text.slice(0, 300)}`));
      });
    });
    request.on("error", reject);
    request.end(body);
  });
}

/** Makes a pod's first container seem to have restarted so often. kwok looks at pods only until they run. */
export async function setRestarts(pod: Pod, restarts: number): Promise<void> {
  const body = JSON.stringify({
    status: { containerStatuses: [{ name: settings.container, restartCount: restarts }] },
  });
  const path = `/api/v1/namespaces/${pod.namespace}/pods/${pod.name}/status`;
  await ask("PATCH", path, { type: "application/strategic-merge-patch+json", body });
}

/** All pods that were seeded, in the order of their names. */
export async function pods(): Promise<Pod[]> {
  const accept = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";
  const path = "/api/v1/pods?labelSelector=bench.quarterdeck.dev%2Fseed&resourceVersion=0";
  const list: { items: { metadata: Pod }[] } = JSON.parse(await ask("GET", path, { accept }));
  const all = list.items.map(({ metadata: { namespace, name } }) => ({ namespace, name }));
  return all.sort((one, other) => (one.name < other.name ? -1 : 1));
}

/** How often a pod's containers restarted. */
export async function restartsOf(pod: Pod): Promise<number> {
  const found = JSON.parse(await ask("GET", `/api/v1/namespaces/${pod.namespace}/pods/${pod.name}`));
  return found.status.containerStatuses.reduce(
    (sum: number, container: { restartCount: number }) => sum + container.restartCount,
    0,
  );
}

/** How many watches the API server answers now. */
export async function watches(): Promise<number> {
  const text = await ask("GET", "/metrics");
  let sum = 0;
  for (const line of text.split("\n")) {
    if (line.startsWith("apiserver_longrunning_requests{") && line.includes('verb="WATCH"')) {
      sum += Number(line.slice(line.lastIndexOf(" ") + 1));
    }
  }
  return sum;
}

/**
 * A bare watch of all pods: when a number first stands in what it reads. It parses nothing, so it is the least that
 * any console must wait for.
 */
export class BareWatch {
  private readonly waiting = new Map<string, (at: number) => void>();
  // A connection of its own, as every watch of a console has one.
  private readonly agent = new https.Agent({ ca: agent.options.ca, cert: agent.options.cert, key: agent.options.key });
  private request?: ClientRequest;
  private closed = false;
  /** How often the API server ended it: it does so to readers that are too slow. */
  ended = 0;

  async open(): Promise<void> {
    const list = JSON.parse(await ask("GET", "/api/v1/pods?limit=1"));
    await new Promise<void>((resolve, reject) => {
      const path = `/api/v1/pods?watch=1&resourceVersion=${list.metadata.resourceVersion}`;
      this.request = https.get(cluster.server + path, { agent: this.agent }, (response) => {
        let rest = "";
        response.on("data", (part: Buffer) => {
          const at = now();
          const text = rest + part.toString("latin1");
          for (const [number, found] of this.waiting) {
            if (text.includes(`"restartCount":${number}`)) {
              this.waiting.delete(number);
              found(at);
            }
          }
          rest = text.slice(-40);
        });
        response.on("error", () => {});
        response.on("close", () => {
          if (this.closed) return;
          this.ended += 1;
          this.open().catch(() => {});
        });
        if (response.statusCode === 200) resolve();
        else reject(new Error(`the watch was refused: ${response.statusCode}`));
      });
      this.request.on("error", reject);
    });
  }

  /** When this number is read. */
  sees(number: number): Promise<number> {
    return new Promise((resolve) => this.waiting.set(String(number), resolve));
  }

  close(): void {
    this.closed = true;
    this.request?.destroy();
  }
}
