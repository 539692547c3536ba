// What the bench was asked for; written by `cargo xtask bench`.
import { readFileSync } from "node:fs";

export interface Settings {
  tier: string;
  pods: number;
  runs: number;
  changes: number;
  rates: number[];
  seconds: number;
  program: string;
  site: string;
  config: string;
  kubeconfig: string;
  context: string;
  cluster: string;
  xtask: string;
  container: string;
  figures: string;
}

const path = process.env.QUARTERDECK_BENCH;
if (!path) throw new Error("started by `cargo xtask bench`, which says in QUARTERDECK_BENCH where its settings are");

export const settings: Settings = JSON.parse(readFileSync(path, "utf8"));
