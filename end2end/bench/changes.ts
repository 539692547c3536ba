// Other changes, made by a process of its own so that they do not hold up what measures.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";

import { settings } from "./settings.ts";

export interface Made {
  sent: number;
  failed: number;
  seconds: number;
}

/** Changes pods at a rate until it is stopped, or as many as are asked for. */
export class Changes {
  private output = "";

  private constructor(private readonly child: ChildProcess) {}

  static async start(rate: number, options: { count?: number; skip?: string[] } = {}): Promise<Changes> {
    const { count, skip = [] } = options;
    const child = spawn(
      settings.xtask,
      [
        ...["bench", "changes", "--cluster-dir", settings.cluster, "--rate", String(rate)],
        ...(count === undefined ? [] : ["--count", String(count)]),
        ...(skip.length === 0 ? [] : ["--skip", skip.join(",")]),
      ],
      { stdio: ["pipe", "pipe", "inherit"] },
    );
    const changes = new Changes(child);
    await new Promise<void>((resolve, reject) => {
      child.stdout?.on("data", (part: Buffer) => {
        changes.output += part.toString();
        if (changes.output.startsWith("ready\n")) resolve();
      });
      child.on("error", reject);
      child.on("exit", (code) => reject(new Error(`the changes ended with ${code}`)));
    });
    return changes;
  }

  /** Waits until as many were made as were asked for. */
  async done(): Promise<Made> {
    if (this.child.exitCode === null) await once(this.child, "close");
    return JSON.parse(this.output.trim().split("\n")[1]);
  }

  /** Stops, and says how many were made. */
  async stop(): Promise<Made> {
    this.child.stdin?.end();
    return this.done();
  }
}
