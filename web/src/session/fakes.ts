/** Small makers of wire objects, for tests. */

import type { Answer, Moment, Percept, Session, Source } from "../api/types";

export function session(part: Partial<Session> = {}): Session {
  return {
    id: "s",
    created_wall_s: 0,
    duration_s: 60,
    events: 10,
    moments: 2,
    bytes: 1000,
    running: false,
    ...part,
  };
}

export function source(part: Partial<Source> = {}): Source {
  return {
    id: 1,
    url: "/videos/kitchen.mp4",
    kind: "file",
    state: "live",
    detail: "",
    offset_s: 0,
    duration_s: 60,
    position_s: 10,
    has_video: true,
    has_audio: true,
    playable: true,
    ...part,
  };
}

export function speech(text: string, start_s: number, part: Partial<Percept> = {}): Percept {
  const end_s = start_s + 2;
  return {
    type: "percept",
    kind: "speech",
    t: end_s,
    start_s,
    end_s,
    text,
    confidence: 0.9,
    final: true,
    ...part,
  };
}

export function moment(id: number, start_s: number, part: Partial<Moment> = {}): Moment {
  return {
    id,
    start_s,
    end_s: start_s + 5,
    text: `moment ${id}`,
    keyframe: null,
    facts: [],
    ...part,
  };
}

export function answer(question: string, part: Partial<Answer> = {}): Answer {
  return {
    type: "answer",
    session: "s",
    t: 60,
    question,
    text: "At 0:12.",
    evidence: [],
    supported: true,
    model: "scripted",
    timing: { recall_s: 0, first_token_s: 0, total_s: 0.1 },
    ...part,
  };
}
