// The console under measurement: the release program on a free port.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { openSync, rmSync } from "node:fs";
import http from "node:http";
import { createServer } from "node:net";
import { join } from "node:path";

import { now, sleep } from "./clock.ts";
import { addPerson, COOKIE, signIn } from "../harness/people.ts";
import { settings } from "./settings.ts";

async function freePort(): Promise<number> {
  const listener = createServer().listen(0, "127.0.0.1");
  await once(listener, "listening");
  const address = listener.address();
  listener.close();
  await once(listener, "close");
  if (address === null || typeof address === "string") throw new Error("no free port");
  return address.port;
}

/** What a GET answers, and how many bytes its body has on the wire. */
export function get(
  url: string,
  options: { agent?: http.Agent; headers?: http.OutgoingHttpHeaders } = {},
): Promise<{ status: number; body: Buffer }> {
  return new Promise((resolve, reject) => {
    const request = http.get(url, options, (response) => {
      const parts: Buffer[] = [];
      response.on("data", (part: Buffer) => parts.push(part));
      response.on("error", reject);
      response.on("end", () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(parts) }));
    });
    request.on("error", reject);
  });
}

export class Server {
  /** What the browser of somebody holds who looks at everything. */
  secret = "";

  private constructor(
    private readonly child: ChildProcess,
    readonly port: number,
    private readonly password: string,
    /** When it was started, on the driver's clock. */
    readonly began: number,
  ) {}

  /** Starts the program; it is not ready yet. */
  static async spawn(): Promise<Server> {
    const port = await freePort();
    const folder = join(settings.figures, "..");
    for (const end of ["", "-wal", "-shm"]) rmSync(join(folder, `people.db${end}`), { force: true });
    const database = `sqlite:${join(folder, "people.db")}`;
    const password = addPerson(settings.program, database, "viewer", "viewer");
    const log = openSync(join(settings.figures, "..", "server.log"), "a");
    const began = now();
    const child = spawn(
      settings.program,
      [
        ...["serve", "--config", settings.config, "--site", settings.site, "--kubeconfig", settings.kubeconfig],
        ...["--listen", `127.0.0.1:${port}`, "--database", database],
      ],
      { stdio: ["ignore", log, log] },
    );
    await once(child, "spawn");
    return new Server(child, port, password, began);
  }

  /** Starts the program and waits until it can show its pages. */
  static async start(): Promise<Server> {
    const server = await Server.spawn();
    try {
      await server.ready();
    } catch (error) {
      await server.end();
      throw error;
    }
    return server;
  }

  get pid(): number {
    if (this.child.pid === undefined || this.child.exitCode !== null) throw new Error("the server has ended");
    return this.child.pid;
  }

  get origin(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** What a browser that is signed in sends. */
  get headers(): { cookie: string } {
    return { cookie: `${COOKIE}=${this.secret}` };
  }

  /** Waits until it says that it is ready. */
  async ready(pause = 10): Promise<void> {
    for (const since = Date.now(); Date.now() - since < 120_000; ) {
      if (this.child.exitCode !== null) throw new Error(`the server ended with ${this.child.exitCode}; see server.log`);
      const answer = await get(`${this.origin}/readyz`).catch(() => undefined);
      if (answer?.status === 200) {
        this.secret = await signIn(this.origin, "viewer", this.password);
        return;
      }
      await sleep(pause);
    }
    throw new Error("the server is not ready after two minutes; see server.log");
  }

  /** The HTML of a page. */
  async html(path: string): Promise<string> {
    return (await get(this.origin + path, { headers: this.headers })).body.toString();
  }

  async end(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = once(this.child, "exit");
    this.child.kill("SIGTERM");
    const killer = setTimeout(() => this.child.kill("SIGKILL"), 15_000);
    await ended;
    clearTimeout(killer);
  }
}

/** Does something with a server that has nothing behind it, and ends it. */
export async function withServer<T>(use: (server: Server) => Promise<T>): Promise<T> {
  const server = await Server.start();
  try {
    return await use(server);
  } finally {
    await server.end();
  }
}
