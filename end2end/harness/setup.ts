import { clusters, writeKubeconfig } from "./clusters.ts";
import { startConsole } from "./console.ts";

/** Before all tests: two clusters of their own and the console on them. What it returns ends both. */
export default async function setup(): Promise<() => Promise<void>> {
  if (process.env.QUARTERDECK_URL !== undefined) return async () => {};
  // What a run that was cut off has left behind.
  clusters("down");
  clusters("up");
  writeKubeconfig();
  const stop = await startConsole();
  return async () => {
    await stop();
    if (process.env.QUARTERDECK_KEEP_CLUSTERS === undefined) clusters("down");
  };
}
