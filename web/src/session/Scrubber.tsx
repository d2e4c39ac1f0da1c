import { useState, type PointerEvent } from "react";

import { keyframeUrl } from "../api/client";
import { clock } from "../format";
import { t } from "../strings";
import type { Span } from "./ForgetPanel";
import { keyframeAt } from "./selectors";
import type { SessionState } from "./state";
import type { Playhead } from "./usePlayhead";

interface ScrubberProps {
  id: string;
  state: SessionState;
  playhead: Playhead;
  /** A span being chosen. */
  chosen: Span | null;
  total_s: number;
  onShow: (t: number) => void;
}

/** The whole session as a line: drag to a time; gaps and the evidence on show are marked on it. */
export function Scrubber({ id, state, playhead, chosen, total_s, onShow }: ScrubberProps) {
  const [hover_s, setHover] = useState<number | null>(null);
  const { t: at, highlight } = playhead;
  const share = (t: number) => `${total_s > 0 ? Math.min(100, (t / total_s) * 100) : 0}%`;
  const spanStyle = (start_s: number, end_s: number) => ({
    left: share(start_s),
    width: share(end_s - start_s),
  });

  function onPointerMove(event: PointerEvent): void {
    if (event.pointerType === "touch") return;
    const { left, width } = event.currentTarget.getBoundingClientRect();
    setHover(Math.max(0, Math.min(1, (event.clientX - left) / width)) * total_s);
  }

  const preview = hover_s === null ? undefined : keyframeAt(state.moments, hover_s)?.keyframe;
  return (
    <div
      className="scrubber"
      onPointerMove={onPointerMove}
      onPointerLeave={() => setHover(null)}
      onPointerDown={() => setHover(null)}
    >
      <div className="scrubber-track" aria-hidden="true">
        <div className="scrubber-done" style={{ width: share(at) }} />
        {state.gaps.map((gap) => (
          <div
            key={gap.start_s}
            className="scrubber-gap"
            style={spanStyle(gap.start_s, gap.end_s)}
          />
        ))}
        {chosen && (
          <div className="scrubber-chosen" style={spanStyle(chosen.start_s, chosen.end_s)} />
        )}
        {highlight && (
          <div
            className="scrubber-evidence"
            style={spanStyle(highlight.start_s, highlight.end_s)}
          />
        )}
      </div>
      <input
        type="range"
        min={0}
        max={Math.max(total_s, 0.1)}
        step={0.1}
        value={at}
        aria-label={t("player.scrub")}
        aria-valuetext={t("player.at", { time: clock(at), total: clock(total_s) })}
        onChange={(event) => onShow(event.target.valueAsNumber)}
        onKeyDown={(event) => {
          // The browser's own step is too small to be of use here.
          const step = { ArrowLeft: -5, ArrowRight: 5 }[event.key];
          if (step === undefined) return;
          event.preventDefault();
          onShow(Math.max(0, Math.min(total_s, at + step)));
        }}
      />
      {hover_s !== null && (
        <div className="scrubber-preview" style={{ left: share(hover_s) }} aria-hidden="true">
          {preview && <img src={keyframeUrl(id, preview)} alt="" />}
          <span>{clock(hover_s)}</span>
        </div>
      )}
    </div>
  );
}
