import { expect, test } from "vitest";

import { newExchange } from "../session/exchanges";
import { draftOf } from "./draft";
import { fromBase64, toBase64 } from "./pcm";
import { readEvent, type ServerEvent } from "./protocol";
import { hear, newCall, type CallState } from "./state";

const live: CallState = { ...newCall, phase: "live", via: "webrtc" };
const after = (...events: ServerEvent[]) => events.reduce(hear, live);

const STARTED: ServerEvent = { type: "input_audio_buffer.speech_started" };
const STOPPED: ServerEvent = { type: "input_audio_buffer.speech_stopped" };
const SPEAKS: ServerEvent[] = [
  { type: "response.created" },
  { type: "response.output_audio_transcript.delta", delta: "In the " },
  { type: "output_audio_buffer.started" },
];

test("one turn: hears, thinks, speaks, listens again", () => {
  const told = { type: "omnilive.turn", role: "user", omnilive: { addressed: true } } as const;
  expect(after(STARTED).voice).toBe("hearing");
  expect(after(STARTED, STOPPED).voice).toBe("listening");
  expect(after(STARTED, STOPPED, told).voice).toBe("thinking");
  expect(after(...SPEAKS)).toMatchObject({ voice: "speaking", reply: "In the ", answering: true });
  const done: ServerEvent = { type: "response.done", response: { status: "completed" } };
  const over = after(...SPEAKS, { type: "output_audio_buffer.stopped" }, done);
  expect(over).toMatchObject({ voice: "listening", answering: false });
});

test("an answer without sound ends with its text", () => {
  const done: ServerEvent = { type: "response.done", response: { status: "completed" } };
  expect(after({ type: "response.created" }, done).voice).toBe("listening");
});

test("speech while it speaks is shown as an interruption only once it is one", () => {
  expect(after(...SPEAKS, STARTED).voice).toBe("speaking");
  expect(after(...SPEAKS, STARTED, { type: "omnilive.paused" }).voice).toBe("paused");
  const resumed: ServerEvent[] = [{ type: "omnilive.paused" }, { type: "omnilive.resumed" }];
  expect(after(...SPEAKS, STARTED, ...resumed).voice).toBe("speaking");
  const cut: ServerEvent = { type: "output_audio_buffer.cleared" };
  expect(after(...SPEAKS, STARTED, cut).voice).toBe("hearing");
});

test("captions are replaced, and go when the words were for somebody else", () => {
  const words = (text: string): ServerEvent => ({
    type: "omnilive.transcript",
    text,
    final: false,
  });
  expect(after(words("were"), words("where is")).caption).toBe("where is");
  const aside = { type: "omnilive.turn", role: "user", omnilive: { addressed: false } } as const;
  expect(after(words("pass the salt"), aside).caption).toBe("");
});

test("a failure is told, a cancel that came too late is not", () => {
  const failed: ServerEvent = {
    type: "response.done",
    response: { status: "failed", status_details: { error: { message: "no model" } } },
  };
  expect(after({ type: "response.created" }, failed).note).toBe("no model");
  const late = { message: "none", code: "response_cancel_not_active" };
  expect(after({ type: "error", error: late }).note).toBeNull();
  expect(after({ type: "error", error: { message: "broken" } }).note).toBe("broken");
});

test("nonsense from the line is left alone", () => {
  expect(readEvent("{")).toBeNull();
  expect(readEvent("null")).toBeNull();
  expect(readEvent(new ArrayBuffer(1))).toBeNull();
  expect(after({ type: "something.new" } as unknown as ServerEvent)).toBe(live);
});

test("what the dialogue shows already is not shown twice", () => {
  const call = { ...live, voice: "thinking", caption: "Where?", reply: "In the " } as const;
  const asked = newExchange({ key: "k", question: "Where?" });
  expect(draftOf(call, [asked])).toEqual({ coming: "In the ", said: "", reply: "" });
  expect(draftOf(call, [])).toEqual({ coming: "", said: "Where?", reply: "In the " });
  expect(draftOf({ ...call, phase: "ended" }, []).reply).toBe("");
});

test("sound survives the way there and back", () => {
  const pcm = Int16Array.from({ length: 40_000 }, (_, at) => ((at * 37) % 65536) - 32768);
  const samples = fromBase64(toBase64(pcm.buffer));
  expect(samples.length).toBe(pcm.length);
  expect([...samples].every((value, at) => Math.abs(value * 32768 - (pcm[at] ?? 0)) < 1)).toBe(
    true,
  );
});
