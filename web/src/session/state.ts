/** What the session page knows: one state, grown by the server's answers and the event log. */

import type { Link } from "../api/events";
import type {
  Answer,
  Alert,
  Fact,
  Latency,
  Moment,
  Percept,
  Session,
  SessionEvent,
  Source,
  SourceState,
} from "../api/types";

export interface Gap {
  start_s: number;
  end_s: number;
  reason: string;
}

/** How an answer was said: what was heard of it, and where the time went. */
export interface Reply {
  heard: string;
  full: string;
  spoken: boolean;
  interrupted: boolean;
  latency: Latency | null;
}

/** A question, typed or said, with, in time, its answer or the reason there is none. */
export interface Exchange {
  key: string;
  /** Empty where OmniLive spoke unasked. */
  question: string;
  /** Set when the question was about the past only. */
  asOf_s: number | null;
  /** It was asked aloud. */
  spoken: boolean;
  /** Its turn has come by the log, before its answer or after it. */
  turned: boolean;
  answer: Answer | null;
  /** The answer's number in the log, by which a reply names it. */
  answerSeq: number | null;
  reply: Reply | null;
  error: string | null;
}

export interface SessionState {
  session: Session | null;
  sources: Source[];
  /** When each source entered its present state, on the session clock. */
  since_s: Partial<Record<number, { state: string; t: number }>>;
  moments: Moment[];
  /** Moments that came over the event log: their facts are gathered from percepts. */
  gathering: ReadonlySet<number>;
  /** True once nothing older than `moments[0]` is left on the server. */
  complete: boolean;
  /** Recent percepts of the log, oldest first, each in its newest version. */
  percepts: Percept[];
  /** Captions that are still changing. */
  partials: Percept[];
  gaps: Gap[];
  exchanges: Exchange[];
  /** The newest event of the log when the page was opened: what comes after it is news. */
  openedAt: number;
  /** Oldest first. */
  alerts: Alert[];
  /** Changes with every event about a watch, so that the list of watches is asked for again. */
  watchesSeen: number;
  /** Changes when something was forgotten, pinned or corrected: memory is asked for again. */
  forgotten: number;
  link: Link;
  /** The newest second known of. */
  edge_s: number;
}

export type Action =
  | { type: "opened"; session: Session; sources: Source[]; moments: Moment[]; complete: boolean }
  | { type: "session"; session: Session }
  | { type: "sources"; sources: Source[] }
  | { type: "changed" }
  | { type: "reloaded"; moments: Moment[]; complete: boolean }
  | { type: "earlier"; moments: Moment[]; complete: boolean }
  | { type: "event"; event: SessionEvent }
  | { type: "link"; link: Link }
  | { type: "asked"; key: string; question: string; asOf_s: number | null }
  | { type: "answered"; key: string; answer: Answer }
  | { type: "ask-failed"; key: string; message: string };

export const emptyState: SessionState = {
  session: null,
  sources: [],
  since_s: {},
  moments: [],
  gathering: new Set(),
  complete: false,
  percepts: [],
  partials: [],
  gaps: [],
  exchanges: [],
  openedAt: 0,
  alerts: [],
  watchesSeen: 0,
  forgotten: 0,
  link: "connecting",
  edge_s: 0,
};

/** How many percepts are kept for captions and for moments still to come. */
export const PERCEPTS_KEPT = 1000;

/** What all versions of a percept have in common. */
export function perceptKey({ id, data, seq, start_s }: Percept): string {
  return String(id ?? data?.id ?? `seq-${seq ?? start_s}`);
}

/** A percept as a fact of a moment. Log numbers are made negative: they are not fact ids. */
export function factOf(percept: Percept): Fact {
  const { id, kind, start_s, end_s, text } = percept;
  return { id: id ?? -(percept.seq ?? 0), kind, start_s, end_s, text };
}

/** How far the sources have been watched, on the session clock. */
export function watchedTo(sources: Source[]): number {
  return Math.max(0, ...sources.map((source) => source.offset_s + source.position_s));
}

const ACTIVE: readonly SourceState[] = [
  "connecting",
  "watching",
  "live",
  "stalled",
  "reconnecting",
];

export function isActive(source: Source): boolean {
  return ACTIVE.includes(source.state);
}
