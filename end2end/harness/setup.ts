import { clusters, writeKubeconfig } from "./clusters.ts";
import { startConsole } from "./console.ts";
import { startDatabases } from "./databases.ts";

/** Before all tests: two clusters of their own, the databases of the demo data and the console on them. What it returns ends all. */
export default async function setup(): Promise<() => Promise<void>> {
  if (process.env.QUARTERDECK_URL !== undefined) return async () => {};
  // What a run that was cut off has left behind.
  clusters("down");
  clusters("up");
  writeKubeconfig();
  const [passwords, stopDatabases] = await startDatabases();
  let stop: () => Promise<void>;
  try {
    stop = await startConsole(passwords);
  } catch (error) {
    await stopDatabases();
    throw error;
  }
  return async () => {
    await stop();
    await stopDatabases();
    if (process.env.QUARTERDECK_KEEP_CLUSTERS === undefined) clusters("down");
  };
}
