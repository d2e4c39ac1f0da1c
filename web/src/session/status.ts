/** The state of a source in plain words. */

import type { Source } from "../api/types";
import { clock, seconds, sourceName } from "../format";
import { t } from "../strings";
import type { SessionState } from "./state";

/** What people call a source; a caller's camera and microphone have no name of their own. */
export function nameOf({ url }: Source): string {
  return url.startsWith("push:") ? t("status.caller") : sourceName(url);
}

const LATE_S = 1.5;

/** How well perception keeps up, where there is something to say. */
export function perceptionHealth({ lag_s, dropped }: Source): string {
  const words: string[] = [];
  if (typeof lag_s === "number" && lag_s > LATE_S) {
    words.push(t("health.behind", { time: seconds(lag_s) }));
  }
  if (typeof dropped === "number" && dropped > 0) {
    words.push(t("health.dropped", { count: dropped }));
  }
  return words.join(" · ");
}

export function sourceStatus(source: Source, since_s: SessionState["since_s"]): string {
  const name = nameOf(source);
  const position = clock(source.position_s);
  const entered = since_s[source.id];
  const since = clock(
    entered?.state === source.state ? entered.t : source.offset_s + source.position_s,
  );
  switch (source.state) {
    case "connecting":
      return t("status.connecting", { name });
    case "watching":
    case "live":
      if (source.duration_s === null) return t("status.live", { name, time: position });
      return t("status.live.of", { name, time: position, total: clock(source.duration_s) });
    case "stalled":
      return t("status.stalled", { name, time: since });
    case "reconnecting":
      return t("status.reconnecting", { name, time: since });
    case "ended":
      return t("status.ended", { name, time: position });
    case "failed":
      return t("status.failed", { name, detail: source.detail || t("status.noreason") });
    case "interrupted":
      return t("status.interrupted", { name, time: position });
  }
}
