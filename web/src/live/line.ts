/** One connection of a call to the server, whichever way it goes. */

import type { ClientEvent, ServerEvent } from "./protocol";
import type { LineHealth, LineKind } from "./state";

export interface LineEvents {
  onEvent: (event: ServerEvent) => void;
  /** The connection is gone and does not come back by itself. */
  onLost: () => void;
}

export interface Line {
  readonly kind: LineKind;
  send: (event: ClientEvent) => void;
  /** Send another microphone or camera, or none. */
  replace: (kind: "audio" | "video", track: MediaStreamTrack | null) => Promise<void>;
  /** What is being played falls silent at once. */
  silence: () => void;
  /** Play on this loudspeaker. */
  sink: (deviceId: string) => Promise<void>;
  health: () => Promise<LineHealth>;
  /** `isGone`: the other end is away already, and need not be told. */
  close: (isGone?: boolean) => void;
}

/** The server said no, and would say it again: another way of connecting is no use. */
export class Refused extends Error {
  override name = "Refused";
}
