import { keyframeUrl } from "../api/client";
import type { Moment } from "../api/types";
import { clock } from "../format";
import { t } from "../strings";
import { Icon } from "../ui/Icon";
import { keyframeAt } from "./selectors";
import type { Highlight, Playhead } from "./usePlayhead";

interface PictureProps {
  id: string;
  moments: Moment[];
  playhead: Playhead;
}

/** The remembered picture nearest to the time on show. */
export function Picture({ id, moments, playhead }: PictureProps) {
  const { t: at, highlight } = playhead;
  const moment = keyframeAt(moments, at);
  const keyframe = pictureOf(highlight, at) ?? moment?.keyframe;
  if (!keyframe) {
    return (
      <div className="screen-empty">
        <Icon name="scene" size={40} />
        <p>{t("player.nothing")}</p>
        <p className="quiet">{t("player.nothing.hint")}</p>
      </div>
    );
  }
  return (
    <img
      src={keyframeUrl(id, keyframe)}
      alt={moment?.text ? `${clock(at)}: ${moment.text}` : t("player.alt", { time: clock(at) })}
    />
  );
}

function pictureOf(highlight: Highlight | null, at: number): string | null {
  if (!highlight?.keyframe) return null;
  return highlight.start_s <= at && at <= highlight.end_s ? highlight.keyframe : null;
}
