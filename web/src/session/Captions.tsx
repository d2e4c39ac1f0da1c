import { useEffect, useMemo, useRef } from "react";

import { t } from "../strings";
import { captionsAt, liveCaptions, speechLines } from "./selectors";
import type { SessionState } from "./state";
import type { Playhead } from "./usePlayhead";

interface CaptionsProps {
  state: SessionState;
  playhead: Playhead;
}

/** The words spoken at the time on show, and the live model's; not settled yet: drawn lighter. */
export function Captions({ state, playhead }: CaptionsProps) {
  const { moments, percepts, partials, edge_s } = state;
  const live = playhead.following ? liveCaptions(percepts, partials, edge_s) : [];
  const stored = live.length === 0;
  // Not while the newest words are shown: a long session has many lines, and percepts come often.
  const lines = useMemo(
    () => (stored ? speechLines(moments, percepts) : []),
    [stored, moments, percepts],
  );
  const shown = stored ? captionsAt(lines, playhead.t) : live;

  const strip = useRef<HTMLElement>(null);
  useEffect(() => {
    const element = strip.current;
    if (!element) return;
    element.scrollTop = element.scrollHeight;
    element.dataset.full = String(element.scrollHeight > element.clientHeight);
  });

  return (
    // Not announced as they change: a reader would talk over the sound. They can be read at will.
    <section ref={strip} className="captions" aria-label={t("captions.label")} aria-live="off">
      {shown.length === 0 && (
        <p className="quiet">{playhead.following ? t("captions.waiting") : t("captions.silent")}</p>
      )}
      {shown.map(({ key, kind, text, settled, current }) => (
        <p
          key={key}
          data-kind={kind}
          data-settled={settled}
          data-current={current}
          className="caption-line"
        >
          {text}
        </p>
      ))}
    </section>
  );
}
