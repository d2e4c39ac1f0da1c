/** The time on show: following the newest second, playing, or standing still. */

import { useCallback, useMemo, useState } from "react";

import type { Evidence } from "../api/types";

/** What was asked to be shown: drawn on the scrubber, and lit up in the timeline. */
export type Highlight = Pick<Evidence, "start_s" | "end_s"> & { keyframe?: string | null };

export interface Playhead {
  t: number;
  playing: boolean;
  following: boolean;
  highlight: Highlight | null;
  /** Counts the jumps, so that a player can tell a jump from time passing. */
  jumps: number;
  seek: (t: number, highlight?: Highlight) => void;
  /** Time passed while playing. */
  pass: (t: number) => void;
  play: () => void;
  pause: () => void;
  follow: () => void;
}

interface Held {
  t: number;
  playing: boolean;
  /** Null until somebody chose: then a running session is followed, a stored one is not. */
  following: boolean | null;
  highlight: Highlight | null;
  jumps: number;
}

export function usePlayhead(edge_s: number, running: boolean, start_s: number | null): Playhead {
  const [held, setHeld] = useState<Held>({
    t: start_s ?? 0,
    playing: false,
    following: start_s === null ? null : false,
    highlight: null,
    jumps: 0,
  });
  const following = running && (held.following ?? true);
  // A session that ended while it was followed stays where it ended.
  const t = following || (held.following === true && !held.playing) ? edge_s : held.t;

  const change = useCallback((part: Partial<Held>) => setHeld((old) => ({ ...old, ...part })), []);

  const seek = useCallback((to: number, highlight: Highlight | null = null) => {
    setHeld((old) => ({
      ...old,
      t: Math.max(0, to),
      following: false,
      highlight,
      jumps: old.jumps + 1,
    }));
  }, []);

  return useMemo(
    () => ({
      t,
      playing: held.playing,
      following,
      highlight: held.highlight,
      jumps: held.jumps,
      seek,
      pass: (to) => change({ t: to }),
      play: () => {
        const over = !running && t >= edge_s - 0.25;
        if (over) seek(0);
        change({ playing: true, following: false });
      },
      pause: () => change({ playing: false, following: false, t }),
      follow: () => change({ following: true, playing: false, highlight: null }),
    }),
    [t, held, following, running, edge_s, seek, change],
  );
}
