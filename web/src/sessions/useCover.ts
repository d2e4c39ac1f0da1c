import { useEffect, useState } from "react";

import { getTimeline, keyframeUrl } from "../api/client";

/** The newest picture of a session, looked up again when it has more moments. */
export function useCover(id: string, moments: number): string | null {
  const [cover, setCover] = useState<string | null>(null);

  useEffect(() => {
    if (moments === 0) return;
    let current = true;
    getTimeline(id, { limit: 3 }).then(
      (timeline) => {
        const keyframe = timeline.moments.findLast((moment) => moment.keyframe !== null)?.keyframe;
        if (current && keyframe) setCover(keyframeUrl(id, keyframe));
      },
      () => undefined, // a card without a picture is still a card
    );
    return () => {
      current = false;
    };
  }, [id, moments]);

  return cover;
}
