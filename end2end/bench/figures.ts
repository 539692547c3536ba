// Figures: what is left for the table, and how it is made from runs.
import { writeFileSync } from "node:fs";
import { join } from "node:path";

import { settings } from "./settings.ts";

interface Found {
  value: number;
  min?: number;
  max?: number;
  runs?: number;
}

export function quantile(values: number[], part: number): number {
  if (values.length === 0) throw new Error("no runs");
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(part * sorted.length) - 1)];
}

export function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** The figures of one measure. */
export class Figures {
  private readonly figures: Record<string, Found> = {};
  private readonly details: Record<string, unknown> = {};

  constructor(private readonly measure: string) {}

  /** A figure that is what it is. */
  one(id: string, value: number): void {
    this.figures[id] = { value };
  }

  /** The median of several runs. */
  median(id: string, runs: number[]): void {
    this.part(id, runs, median(runs));
  }

  /** A quantile of several runs; nothing where there were none. */
  quantile(id: string, runs: number[], part: number): void {
    if (runs.length === 0) return;
    this.part(id, runs, quantile(runs, part));
  }

  private part(id: string, runs: number[], value: number): void {
    this.figures[id] = { value, min: runs.reduce((one, other) => Math.min(one, other), Infinity), max: runs.reduce((one, other) => Math.max(one, other), -Infinity), runs: runs.length };
  }

  /** What explains figures; written down, not printed. */
  detail(name: string, value: unknown): void {
    this.details[name] = value;
  }

  write(): void {
    const text = JSON.stringify({ figures: this.figures, details: this.details }, null, 1);
    writeFileSync(join(settings.figures, `${this.measure}.json`), text);
  }
}
