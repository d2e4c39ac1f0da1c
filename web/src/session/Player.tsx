import { useEffect, useRef, useState, type KeyboardEvent } from "react";

import { clock } from "../format";
import type { OpenCall } from "../live/calls";
import { Preview } from "../live/Preview";
import { t } from "../strings";
import { Icon } from "../ui/Icon";
import { ClipButton } from "./ClipButton";
import type { Span } from "./ForgetPanel";
import { PlayerControls } from "./PlayerControls";
import { Picture } from "./Picture";
import { Scrubber } from "./Scrubber";
import { gapAt, sourceAt } from "./selectors";
import type { SessionState } from "./state";
import type { Playhead } from "./usePlayhead";
import { Video } from "./Video";

interface PlayerProps {
  id: string;
  state: SessionState;
  playhead: Playhead;
  /** The call in progress: its camera is shown in place of what is remembered. */
  call: OpenCall | null;
  /** A span being chosen, drawn on the scrubber. */
  chosen: Span | null;
  onShow: (t: number) => void;
}

/** The time on show as a picture: the source itself where it can be played, else what is remembered. */
export function Player({ id, state, playhead, call, chosen, onShow }: PlayerProps) {
  const frame = useRef<HTMLElement>(null);
  const [muted, setMuted] = useState(false);
  const [broken, setBroken] = useState<ReadonlySet<number>>(new Set());
  const source = sourceAt(state.sources, playhead.t, broken);
  const gap = gapAt(state.gaps, playhead.t);
  const total_s = Math.max(state.edge_s, playhead.t);
  const isLookingBack = !playhead.following && playhead.jumps > 0;
  useSlideshow(playhead, source === undefined, total_s);

  function toggle(): void {
    if (playhead.playing || playhead.following) playhead.pause();
    else playhead.play();
  }

  function onKeyDown(event: KeyboardEvent): void {
    const onButton = event.target instanceof HTMLButtonElement;
    if (event.key === "k" || (event.key === " " && !onButton)) toggle();
    else if (event.key === "j") onShow(Math.max(0, playhead.t - 10));
    else if (event.key === "l") onShow(Math.min(total_s, playhead.t + 10));
    else return;
    event.preventDefault();
  }

  return (
    <section ref={frame} className="player" aria-label={t("player.label")} onKeyDown={onKeyDown}>
      <div className="screen" onClick={toggle}>
        {source === undefined ? (
          <Picture id={id} moments={state.moments} playhead={playhead} />
        ) : (
          <Video
            key={source.id}
            session={id}
            source={source}
            playhead={playhead}
            muted={muted}
            onBroken={() => setBroken(new Set(broken).add(source.id))}
          />
        )}
        {source?.has_video === false && (
          <p className="screen-note">
            <Icon name="sound" size={28} /> {t("player.sound")}
          </p>
        )}
        {gap && <p className="screen-hint">{t("player.gap", { reason: gap.reason })}</p>}
        {broken.size > 0 && <p className="screen-hint">{t("player.unplayable")}</p>}
        {call && <Preview open={call} small={isLookingBack} />}
        {playhead.following && <span className="badge live">{t("player.live")}</span>}
      </div>
      <Scrubber
        id={id}
        state={state}
        playhead={playhead}
        chosen={chosen}
        total_s={total_s}
        onShow={onShow}
      />
      <PlayerControls
        playhead={playhead}
        time={`${clock(playhead.t)} / ${clock(total_s)}`}
        live={state.session?.running === true}
        sound={source?.has_audio === true ? { muted, onMuted: setMuted } : null}
        onToggle={toggle}
        clip={<ClipButton id={id} highlight={playhead.highlight} />}
        onFull={() => void toggleFullScreen(frame.current)}
      />
    </section>
  );
}

/** Let time pass while there is nothing that plays by itself. */
function useSlideshow({ playing, t: at, pass, pause }: Playhead, still: boolean, end_s: number) {
  const now = useRef({ at, end_s, pass, pause });
  useEffect(() => {
    now.current = { at, end_s, pass, pause };
  });
  useEffect(() => {
    if (!playing || !still) return;
    let last = performance.now();
    const timer = window.setInterval(() => {
      const { at: from, end_s: end, pass: go, pause: stop } = now.current;
      const time = performance.now();
      const to = from + (time - last) / 1000;
      last = time;
      if (to >= end) stop();
      else go(to);
    }, 250);
    return () => window.clearInterval(timer);
  }, [playing, still]);
}

async function toggleFullScreen(element: HTMLElement | null): Promise<void> {
  if (document.fullscreenElement) await document.exitFullscreen();
  else await element?.requestFullscreen();
}
