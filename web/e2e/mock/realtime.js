// WS /v1/realtime of the mock: hears nothing, and answers what is typed, or said by `/mock/say`.
import { WebSocketServer } from "ws";

import { answer } from "./answers.js";

/** @typedef {import("ws").WebSocket} Socket */
/** @typedef {import("./stream.js").EventLog} EventLog */

const RATE_HZ = 24000;
const PIECE_S = 0.2;

/** A tone, so that there is something to hear. @param {number} seconds @param {number} from_s */
function tone(seconds, from_s) {
  const samples = Buffer.alloc(Math.round(seconds * RATE_HZ) * 2);
  for (let at = 0; at < samples.length / 2; at += 1) {
    const t = from_s + at / RATE_HZ;
    samples.writeInt16LE(Math.round(6000 * Math.sin(2 * Math.PI * 330 * t)), at * 2);
  }
  return samples.toString("base64");
}

/** One caller. */
export class Caller {
  /** @param {Socket} socket @param {() => EventLog} log */
  constructor(socket, log) {
    this.socket = socket;
    this.log = log;
    this.typed = "";
    /** What came from the page, by type. @type {Record<string, number>} */
    this.received = {};
    /** @type {unknown} */
    this.mode = null;
    /** @type {{cancelled: boolean, text: string} | null} */
    this.speaking = null;
    socket.on("message", (data) => this.take(JSON.parse(String(data))));
    this.send({ type: "session.created" });
  }

  /** @param {Record<string, unknown>} event */
  send(event) {
    this.socket.send(JSON.stringify(event));
  }

  /** @param {Record<string, any>} event */
  take(event) {
    this.received[event.type] = (this.received[event.type] ?? 0) + 1;
    if (event.type === "session.update") {
      this.mode = event.session.omnilive;
      this.send({ type: "session.updated" });
    }
    if (event.type === "conversation.item.create") this.typed = event.item.content[0].text;
    if (event.type === "response.create") void this.respond(this.typed, false);
    if (event.type === "response.cancel" && this.speaking) this.speaking.cancelled = true;
  }

  /** As if somebody had said it. @param {string} text @param {boolean} addressed */
  async say(text, addressed) {
    this.send({ type: "input_audio_buffer.speech_started" });
    const words = text.split(" ");
    for (let at = 1; at <= words.length; at += 1) {
      const said = words.slice(0, at).join(" ").toLowerCase();
      this.send({ type: "omnilive.transcript", text: said, final: false });
      await pause(0.15);
    }
    this.send({ type: "input_audio_buffer.speech_stopped" });
    this.send({ type: "omnilive.transcript", text, final: true });
    this.send({ type: "omnilive.turn", role: "user", omnilive: { addressed } });
    if (addressed) await this.respond(text, true);
    else this.note({ role: "user", text, spoken: true, addressed });
  }

  /** @param {Record<string, unknown>} turn */
  note(turn) {
    const t = this.log().stored.session.duration_s;
    this.log().append({ type: "turn", t, start_s: t, end_s: t, line: "web", ...turn });
  }

  /** @param {string} question @param {boolean} spoken */
  async respond(question, spoken) {
    this.note({ role: "user", text: question, spoken, addressed: true });
    this.send({ type: "response.created", response: { id: "resp" } });
    await pause(0.5);
    const log = this.log();
    const given = answer(log.stored, question, null);
    log.append(given);
    const seq = log.stored.session.events;
    const words = given.text.split(" ");
    const mine = { cancelled: false, text: "" };
    this.speaking = mine;
    let at = 0;
    while (at < words.length && !mine.cancelled) {
      const delta = `${words[at] ?? ""} `;
      this.send({ type: "response.output_audio_transcript.delta", delta, response_id: "resp" });
      const sound = tone(PIECE_S, at * PIECE_S);
      this.send({ type: "response.output_audio.delta", delta: sound, item_id: `item-${seq}` });
      at += 1;
      await pause(PIECE_S);
    }
    this.speaking = null;
    const latency = {
      end_of_turn_s: 0.31,
      transcript_s: 0.52,
      recall_s: 0.58,
      first_text_s: 0.8,
      first_audio_s: 1.04,
      total_s: 2.9,
    };
    const status = mine.cancelled ? "cancelled" : "completed";
    this.note({
      role: "assistant",
      text: words.slice(0, at).join(" "),
      full_text: given.text,
      spoken: true,
      interrupted: mine.cancelled,
      answer: seq,
      latency,
    });
    this.send({ type: "response.done", response: { status }, omnilive: { latency } });
    this.send({ type: "omnilive.turn", role: "assistant", omnilive: {} });
  }
}

/** @param {number} seconds */
function pause(seconds) {
  return new Promise((resolve) => setTimeout(resolve, seconds * 1000));
}

/**
 * @param {import("node:http").Server} server
 * @param {(id: string) => EventLog} logOf
 * @returns {Set<Caller>} who is calling
 */
export function serveCalls(server, logOf) {
  /** @type {Set<Caller>} */
  const callers = new Set();
  const sockets = new WebSocketServer({ server, path: "/v1/realtime" });
  sockets.on("connection", (socket, request) => {
    const id = new URL(request.url ?? "/", "http://mock").searchParams.get("session") ?? "";
    const caller = new Caller(socket, () => logOf(id));
    callers.add(caller);
    socket.on("close", () => callers.delete(caller));
  });
  return callers;
}
