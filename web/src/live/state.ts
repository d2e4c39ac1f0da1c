/** What a live conversation knows of itself, and how events of the server change it. Pure. */

import type { AnswerMode, ServerEvent } from "./protocol";

export type Phase = "asking" | "connecting" | "live" | "reconnecting" | "failed" | "ended";
export type Voice = "listening" | "hearing" | "thinking" | "speaking" | "paused";
export type LineKind = "webrtc" | "websocket";

export interface CallState {
  phase: Phase;
  /** How it is connected, while it is. */
  via: LineKind | null;
  voice: Voice;
  /** What is being said to it, as far as understood. */
  caption: string;
  /** What it is answering, as far as known. */
  reply: string;
  muted: boolean;
  camera: "on" | "off" | "none";
  microphone: boolean;
  screen: boolean;
  mode: AnswerMode;
  wakeWord: string;
  /** The talk button is held. */
  holding: boolean;
  /** In plain words, what is wrong. */
  error: string | null;
  note: string | null;
  health: LineHealth | null;
}

export interface LineHealth {
  rtt_ms: number | null;
  /** Share of sound packets that did not arrive, 0 to 1. */
  lost: number | null;
  /** Sound received from the server, as energy since the call began: 0 is silence. */
  heard: number;
}

export const newCall: CallState = {
  phase: "asking",
  via: null,
  voice: "listening",
  caption: "",
  reply: "",
  muted: false,
  camera: "none",
  microphone: false,
  screen: false,
  mode: "always",
  wakeWord: "omni",
  holding: false,
  error: null,
  note: null,
  health: null,
};

/** The state after an event of the server. */
export function hear(state: CallState, event: ServerEvent): CallState {
  switch (event.type) {
    case "input_audio_buffer.speech_started":
      // While it speaks, somebody's sound may be no interruption: the server says so.
      if (state.voice === "speaking" || state.voice === "paused") return state;
      return { ...state, voice: "hearing", caption: "" };
    case "input_audio_buffer.speech_stopped":
      return state.voice === "hearing" ? { ...state, voice: "listening" } : state;
    case "conversation.item.input_audio_transcription.delta":
      return { ...state, caption: event.delta };
    case "conversation.item.input_audio_transcription.completed":
      return { ...state, caption: event.transcript };
    case "response.created":
      return { ...state, voice: "thinking", reply: "" };
    case "response.output_text.delta":
    case "response.output_audio_transcript.delta":
      return { ...state, reply: state.reply + event.delta };
    case "output_audio_buffer.started":
    case "omnilive.resumed":
      return { ...state, voice: "speaking" };
    case "omnilive.paused":
      return { ...state, voice: "paused" };
    case "output_audio_buffer.stopped":
    case "output_audio_buffer.cleared":
      return { ...state, voice: "listening" };
    case "response.done":
      return afterResponse(state, event);
    case "error":
      return { ...state, note: event.error.message ?? null };
    default:
      return state;
  }
}

/** Without sound the response ends here; with sound, when its last sample was played. */
function afterResponse(
  state: CallState,
  { response }: Extract<ServerEvent, { type: "response.done" }>,
): CallState {
  const failure = response?.status_details?.error?.message;
  const note = response?.status === "failed" && failure ? failure : state.note;
  const voice = state.voice === "thinking" ? "listening" : state.voice;
  return { ...state, voice, note, caption: "" };
}
