/** The steps of a turn, one after the other. */

import type { Latency } from "../api/types";

const NAMES = [
  "end_of_turn",
  "transcript",
  "recall",
  "first_text",
  "first_audio",
  "total",
] as const;
export type StepName = (typeof NAMES)[number];

export interface Step {
  name: StepName;
  start_s: number;
  end_s: number;
}

/** What happened, in the order of time; each step begins where the one before it ended. */
export function steps(latency: Latency): Step[] {
  const ends = NAMES.map((name) => ({ name, end_s: latency[`${name}_s`] }))
    .filter((step): step is { name: StepName; end_s: number } => typeof step.end_s === "number")
    .map(({ name, end_s }) => ({ name, end_s: Math.max(0, end_s) }))
    .sort((a, b) => a.end_s - b.end_s);
  return ends.map((step, at) => ({ ...step, start_s: ends[at - 1]?.end_s ?? 0 }));
}
