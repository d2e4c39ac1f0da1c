import type { ReactNode } from "react";

import { t } from "../strings";
import { Icon } from "../ui/Icon";
import type { Playhead } from "./usePlayhead";

interface PlayerControlsProps {
  playhead: Playhead;
  time: string;
  /** The session is running: there is a newest second to go to. */
  live: boolean;
  sound: { muted: boolean; onMuted: (muted: boolean) => void } | null;
  clip: ReactNode;
  onToggle: () => void;
  onFull: () => void;
}

export function PlayerControls(props: PlayerControlsProps) {
  const { playhead, time, live, sound, clip, onToggle, onFull } = props;
  const going = playhead.playing || playhead.following;
  const playLabel = t(going ? "player.pause" : "player.play");
  return (
    <div className="player-controls">
      <button type="button" className="icon-button" aria-label={playLabel} onClick={onToggle}>
        <Icon name={going ? "pause" : "play"} />
      </button>
      <span className="player-time" data-testid="time">
        {time}
      </span>
      <span className="spacer" />
      {clip}
      {live && !playhead.following && (
        <button type="button" className="button small" onClick={playhead.follow}>
          {t("player.golive")}
        </button>
      )}
      {sound && (
        <button
          type="button"
          className="icon-button"
          aria-label={t(sound.muted ? "player.unmute" : "player.mute")}
          onClick={() => sound.onMuted(!sound.muted)}
        >
          <Icon name={sound.muted ? "muted" : "sound"} />
        </button>
      )}
      <button type="button" className="icon-button" aria-label={t("player.full")} onClick={onFull}>
        <Icon name="full" />
      </button>
    </div>
  );
}
