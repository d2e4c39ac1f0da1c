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
  kind: "file" | "device" | "network" | "push";
  state: SourceState;
  detail: string;
  offset_s: number;
  duration_s: number | null;
  position_s: number;
  has_video: boolean;
  has_audio: boolean;
  playable: boolean;
  /** While it is watched: how far perception is behind, and pictures it had to skip. */
  lag_s?: number | null;
  dropped?: number | null;
}

export interface About {
  version: string;
  ice_servers: RTCIceServer[];
  voice?: { name: string; languages: string[] } | null;
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
  /** 0 a moment, 1 an episode, 2 a digest; merged from `size` moments. Absent: as it happened. */
  level?: number;
  size?: number;
  pinned?: boolean;
}

export interface Pin {
  id: number;
  start_s: number;
  end_s: number;
  note: string;
}

/** How much of each thing is remembered, beside its budget. */
export interface Memory {
  held: Record<string, { used: number; budget: number }>;
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

/** Where the time of a turn went: seconds since the last word. Null: it never came to that. */
export interface Latency {
  end_of_turn_s: number | null;
  transcript_s: number | null;
  recall_s: number | null;
  first_text_s: number | null;
  first_audio_s: number | null;
  total_s: number | null;
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

export interface UserTurn extends Logged {
  type: "turn";
  role: "user";
  text: string;
  start_s: number;
  end_s: number;
  spoken: boolean;
  line: string;
  /** False: heard and remembered, but not said to the assistant. */
  addressed: boolean;
}

export interface AssistantTurn extends Logged {
  type: "turn";
  role: "assistant";
  /** What was heard of it; `full_text` is what it had to say. */
  text: string;
  full_text: string;
  start_s: number;
  end_s: number;
  spoken: boolean;
  line: string;
  interrupted: boolean;
  /** The log number of the answer with its evidence. */
  answer: number | null;
  latency: Latency | null;
}

export interface Alert extends Logged {
  type: "alert";
  watch: string;
  /** The rule as understood. */
  rule: string;
  text: string;
  start_s: number;
  end_s: number;
  /** When it became true; a dry run gives no other time. */
  at_s: number;
  keyframe: string | null;
  confidence: number;
  evidence: Evidence[];
  urgency?: string;
  latency?: { total_s?: number | null } | null;
  duplicate?: number;
}

export const WATCH_STATES = ["armed", "paused", "done", "failed"] as const;

/** A standing watch. `readable` is the rule as understood, `rule` as it is stored. */
export interface Watch {
  id: string;
  text: string;
  readable: string;
  state: (typeof WATCH_STATES)[number];
  rule: unknown;
  /** How often it has fired. */
  alerts: number;
  last_s: number | null;
  /** Why it failed. */
  error: string;
}

/** Why a watch fired, or stayed silent, at a second. */
export interface Explanation {
  t: number;
  /** One word; "fired" where it did. */
  why: string;
  text: string;
}

/** How a sentence would be understood; where it is not, what is asked back. */
export interface WatchPreview {
  understood: boolean;
  readable: string;
  /** What to know about it, such as that it is hard to see. */
  notes: string[];
  question: string;
  /** Sentences that would be understood. */
  suggestions: string[];
}

export type SessionEvent =
  | Percept
  | UserTurn
  | AssistantTurn
  | Alert
  | (Logged & { type: "watch"; watch: string; state: string })
  | (Logged & { type: "forgotten"; start_s: number; end_s: number })
  | (Logged & Omit<Moment, "facts"> & { type: "moment" })
  | (Logged & { type: "gap"; start_s: number; end_s: number; reason: string })
  | (Logged & {
      type: "health";
      source?: number;
      state?: SourceState | "degraded";
      detail?: string;
    })
  | (Logged & Omit<Answer, "t">)
  | (Logged & { type: "source"; source?: number; state?: string })
  | (Logged & { type: "summary" });

export const EVENT_TYPES = [
  "percept",
  "turn",
  "alert",
  "watch",
  "forgotten",
  "moment",
  "gap",
  "health",
  "answer",
  "source",
  "summary",
] as const satisfies readonly SessionEvent["type"][];
