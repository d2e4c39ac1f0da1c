/** Session names, and what a typed address tells about its source. */

import type { Pace } from "../api/types";
import { sourceName } from "../format";

/** A session name made from a source: "/videos/My Kitchen.mp4" -> "my-kitchen". */
export function nameFor(url: string): string {
  const base = sourceName(url).replace(/\.\w{1,5}$/, "");
  const slug = base
    .toLowerCase()
    .replace(/[^a-z0-9_-]+/g, "-")
    .replace(/^-+|-+$/g, "");
  return slug.slice(0, 60) || "session";
}

/** A name that is not taken: "kitchen", "kitchen-2", "kitchen-3"... */
export function freeName(wanted: string, taken: readonly string[]): string {
  if (!taken.includes(wanted)) return wanted;
  let number = 2;
  while (taken.includes(`${wanted}-${number}`)) number += 1;
  return `${wanted}-${number}`;
}

/** Streams and devices run at the speed of life whatever is asked for. */
export function isLiveAddress(url: string): boolean {
  return /^(rtsps?|rtmps?|srt|udp|rtp|device):|^\/dev\/|\.m3u8(\?|$)/i.test(url.trim());
}

export function paceFor(url: string, lifelike: boolean): Pace {
  return lifelike || isLiveAddress(url) ? "live" : "fast";
}
