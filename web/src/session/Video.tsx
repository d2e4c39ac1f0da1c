import { useEffect, useRef } from "react";

import { mediaUrl } from "../api/client";
import type { Source } from "../api/types";
import { t } from "../strings";
import type { Playhead } from "./usePlayhead";

interface VideoProps {
  session: string;
  source: Source;
  playhead: Playhead;
  muted: boolean;
  onBroken: () => void;
}

/** While following, the picture is moved along only when it is this far behind. */
const FOLLOW_STEP_S = 0.4;

/** A source that the browser can play, kept in step with the playhead. */
export function Video({ session, source, playhead, muted, onBroken }: VideoProps) {
  const video = useRef<HTMLVideoElement>(null);
  const { t: at, jumps, playing, following, pass, pause } = playhead;
  const { offset_s } = source;
  const wanted = useRef(at);
  useEffect(() => {
    wanted.current = at - offset_s;
  }, [at, offset_s]);

  useEffect(() => {
    if (video.current) video.current.currentTime = Math.max(0, wanted.current);
  }, [jumps]);

  useEffect(() => {
    const element = video.current;
    if (!element || !following) return;
    if (Math.abs(element.currentTime - wanted.current) > FOLLOW_STEP_S) {
      element.currentTime = Math.max(0, wanted.current);
    }
  }, [at, following]);

  useEffect(() => {
    const element = video.current;
    if (!element) return;
    if (!playing) element.pause();
    else element.play().catch(() => undefined); // refused, or interrupted by a pause
  }, [playing]);

  return (
    <video
      ref={video}
      src={mediaUrl(session, source.id)}
      aria-label={t("player.label")}
      muted={muted}
      playsInline
      preload="auto"
      onTimeUpdate={({ currentTarget }) => {
        if (!currentTarget.paused) pass(currentTarget.currentTime + offset_s);
      }}
      onEnded={pause}
      onError={onBroken}
    />
  );
}
