/** The server's JSON, as it comes over the wire. Times are seconds on the session clock. */

export type Kind = "speech" | "sound" | "object" | "text" | "scene" | "caption" | "moment";

export interface Session {
  id: string;
  created_wall_s: number;
  duration_s: number;
  events: number;
  moments: number;
  bytes: number;
  running: boolean;
  /** Why a damaged session cannot be read. */
  error?: string | null;
}

export type SourceState =
  | "connecting"
  /** A file is being watched; a stream that is watched is `live`. */
  | "watching"
  | "live"
  | "stalled"
  | "reconnecting"
  | "ended"
  | "failed"
  | "interrupted";

export interface Source {
  id: number;
  url: string;
  kind: "file" | "device" | "network";
  state: SourceState;
  detail: string;
  offset_s: number;
  duration_s: number | null;
  position_s: number;
  has_video: boolean;
  has_audio: boolean;
  playable: boolean;
}

export type Pace = "live" | "fast";

export interface Fact {
  id: number;
  kind: Kind;
  start_s: number;
  end_s: number;
  text: string;
}

export interface Moment {
  id: number;
  start_s: number;
  end_s: number;
  text: string;
  keyframe: string | null;
  facts: Fact[];
}

export interface Timeline {
  duration_s: number;
  moments: Moment[];
}

export interface Evidence extends Fact {
  keyframe: string | null;
}

export interface SearchResult extends Evidence {
  score: number;
}

export interface Answer {
  type: "answer";
  session: string;
  t: number;
  question: string;
  text: string;
  evidence: Evidence[];
  supported: boolean;
  model: string;
  timing: { recall_s: number; first_token_s: number; total_s: number };
}

interface Logged {
  /** Absent on a partial percept: it is not in the log. */
  seq?: number;
  t: number;
}

export interface Percept extends Logged {
  type: "percept";
  /** The fact it became; the same for all versions of it. */
  id?: number;
  kind: Kind;
  start_s: number;
  end_s: number;
  text: string;
  confidence: number;
  /** False while it may still change: a growing caption, a thing still in view. */
  final: boolean;
  data?: { id?: string; [key: string]: unknown };
}

export type SessionEvent =
  | Percept
  | (Logged & Omit<Moment, "facts"> & { type: "moment" })
  | (Logged & { type: "gap"; start_s: number; end_s: number; reason: string })
  | (Logged & { type: "health"; source?: number; state?: SourceState; detail?: string })
  | (Logged & Omit<Answer, "t">)
  | (Logged & { type: "source"; source?: number; state?: string })
  | (Logged & { type: "summary" });

export const EVENT_TYPES = [
  "percept",
  "moment",
  "gap",
  "health",
  "answer",
  "source",
  "summary",
] as const satisfies readonly SessionEvent["type"][];
