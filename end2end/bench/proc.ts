// What Linux says about a process.
import { readFileSync } from "node:fs";

/** Clock ticks per second: 100 on every Linux that runs Chromium (`getconf CLK_TCK`). */
const TICKS = 100;

/** User and system time so far, in milliseconds. */
export function cpu(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return ((Number(fields[11]) + Number(fields[12])) * 1000) / TICKS;
}

function field(path: string, name: string): number {
  const line = readFileSync(path, "utf8").split("\n").find((one) => one.startsWith(`${name}:`));
  if (!line) throw new Error(`${path} has no ${name}`);
  return Number(line.split(":")[1].trim().split(" ")[0]) * 1024;
}

/** Memory in bytes: now, and at its most so far. */
export function memory(pid: number): { now: number; most: number } {
  return { now: field(`/proc/${pid}/status`, "VmRSS"), most: field(`/proc/${pid}/status`, "VmHWM") };
}

/** Memory in bytes, shared pages counted in parts. */
export function proportional(pid: number): number {
  return field(`/proc/${pid}/smaps_rollup`, "Pss");
}
