/** The Realtime protocol as this page speaks it: the names of the OpenAI Realtime API. */

import type { Latency } from "../api/types";

export type AnswerMode = "always" | "wake_word" | "push_to_talk";

/** What OmniLive adds to `response.done` and sends as `omnilive.turn`. */
export interface TurnFacts {
  /** Of a user's turn: whether it was said to OmniLive. */
  addressed?: boolean;
  latency?: Latency | null;
  watch?: string | null;
  heard?: string;
}

export type ServerEvent =
  | { type: "session.created" | "session.updated" }
  | { type: "input_audio_buffer.speech_started" }
  | { type: "input_audio_buffer.speech_stopped" }
  | { type: "input_audio_buffer.committed" }
  /** The whole text so far; OpenAI's deltas can only add words, this one can correct them. */
  | { type: "omnilive.transcript"; text: string; final: boolean }
  | { type: "response.created"; response?: { id?: string } }
  | {
      type: "response.output_text.delta" | "response.output_audio_transcript.delta";
      delta: string;
      response_id?: string;
    }
  | { type: "response.output_item.added"; item?: { id?: string } }
  | { type: "response.output_audio.delta"; delta: string; item_id?: string; response_id?: string }
  | { type: "response.output_audio.done" }
  | {
      type: "response.done";
      response?: {
        status?: string;
        status_details?: { error?: { message?: string } | null } | null;
      };
      omnilive?: TurnFacts;
    }
  | { type: "output_audio_buffer.started" }
  | { type: "output_audio_buffer.stopped" }
  | { type: "output_audio_buffer.cleared" }
  | { type: "omnilive.paused" }
  | { type: "omnilive.resumed" }
  | {
      type: "omnilive.turn";
      role: "user" | "assistant";
      item_id?: string | null;
      omnilive?: TurnFacts;
    }
  | { type: "error"; error: { message?: string; code?: string | null } };

export type ClientEvent =
  | {
      type: "session.update";
      session: {
        type: "realtime";
        omnilive: { answer: AnswerMode; wake_words?: string[] };
      };
    }
  | {
      type: "conversation.item.create";
      item: {
        type: "message";
        role: "user";
        content: [{ type: "input_text"; text: string }];
      };
    }
  | { type: "conversation.item.delete"; item_id: string }
  | { type: "response.create" }
  | { type: "response.cancel" }
  | { type: "output_audio_buffer.clear" }
  | {
      type: "conversation.item.truncate";
      item_id: string;
      content_index: 0;
      audio_end_ms: number;
    }
  | { type: "input_audio_buffer.append"; audio: string }
  | { type: "input_audio_buffer.commit" }
  | { type: "input_audio_buffer.clear" }
  | { type: "input_video_buffer.append"; image: string };

/** An event as it came, or null for what makes no sense; unknown types are kept and ignored. */
export function readEvent(data: unknown): ServerEvent | null {
  if (typeof data !== "string") return null;
  try {
    const event = JSON.parse(data) as { type?: unknown } | null;
    return typeof event?.type === "string" ? (event as ServerEvent) : null;
  } catch {
    return null;
  }
}

export function typedTurn(text: string): ClientEvent[] {
  const content: [{ type: "input_text"; text: string }] = [{ type: "input_text", text }];
  return [
    { type: "conversation.item.create", item: { type: "message", role: "user", content } },
    { type: "response.create" },
  ];
}
