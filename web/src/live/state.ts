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
  /** Somebody is speaking just now. */
  talks: boolean;
  /** What is being said to it, as far as understood. */
  caption: string;
  /** What it is answering, as far as known. */
  reply: string;
  /** A response is being made or said: another one has to wait. */
  answering: boolean;
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
  talks: false,
  caption: "",
  reply: "",
  answering: false,
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

/** It was over before it could be stopped. */
const HARMLESS = ["response_cancel_not_active"];

/** The state after an event of the server. */
export function hear(state: CallState, event: ServerEvent): CallState {
  switch (event.type) {
    case "input_audio_buffer.speech_started":
      // While it speaks, somebody's sound may be no interruption: that is told apart.
      if (state.voice === "speaking" || state.voice === "paused") return { ...state, talks: true };
      return { ...state, talks: true, voice: "hearing", caption: "" };
    case "input_audio_buffer.speech_stopped":
      return {
        ...state,
        talks: false,
        voice: state.voice === "hearing" ? "listening" : state.voice,
      };
    case "omnilive.transcript":
      return { ...state, caption: event.text };
    case "omnilive.turn":
      // From here on the log has it; what was said to somebody else is no part of the dialogue.
      if (event.role !== "user") return state;
      if (event.omnilive?.addressed === false) return { ...state, caption: "" };
      return { ...state, voice: "thinking" };
    case "response.created":
      return { ...state, voice: "thinking", reply: "", answering: true };
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
      return { ...state, voice: quiet(state) };
    case "response.done":
      return afterResponse(state, event);
    case "error":
      return HARMLESS.includes(event.error.code ?? "")
        ? state
        : { ...state, note: event.error.message ?? null };
    default:
      return state;
  }
}

function quiet({ talks }: CallState): Voice {
  return talks ? "hearing" : "listening";
}

/** Without sound the response ends here; with sound, when its last sample was played. */
function afterResponse(
  state: CallState,
  { response }: Extract<ServerEvent, { type: "response.done" }>,
): CallState {
  const failure = response?.status_details?.error?.message;
  const note = response?.status === "failed" && failure ? failure : state.note;
  const voice = state.voice === "thinking" ? quiet(state) : state.voice;
  return { ...state, voice, note, caption: "", answering: false };
}
