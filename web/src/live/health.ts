/** How good the connection of a call is, in plain words. */

import { t } from "../strings";
import type { CallState } from "./state";

const SLOW_MS = 250;
const LOSSY = 0.02;

/** What is worth saying, or that all is well; null while nothing is known. */
export function lineHealth({ via, health }: CallState): string | null {
  if (via !== "webrtc" || health === null) return null; // of the other way nothing is known
  const words: string[] = [];
  const { rtt_ms, lost } = health;
  if (rtt_ms !== null && rtt_ms > SLOW_MS) words.push(t("live.health.rtt", { ms: rtt_ms }));
  if (lost !== null && lost > LOSSY) {
    words.push(t("live.health.lost", { percent: Math.round(lost * 100) }));
  }
  return words.length > 0 ? words.join(" · ") : t("live.health.good");
}
