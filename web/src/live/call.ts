/** One live conversation: its media, its line to the server, and what to do when that is lost. */

import { t } from "../strings";
import { Refused, type Line } from "./line";
import { openTrack, problemOf, type LocalMedia } from "./media";
import { openPeer } from "./peer";
import { typedTurn, type AnswerMode, type ClientEvent, type ServerEvent } from "./protocol";
import { openSocket } from "./socket";
import { hear, newCall, type CallState, type LineKind } from "./state";

const RETRIES_S = [0.5, 1, 2, 4, 8] as const;
const HEALTH_S = 3;
/** A line that does not answer for so long is taken for dead. */
const PROBE_S = 2.5;

export class Call {
  #state: CallState = newCall;
  #line: Line | null = null;
  #media: LocalMedia | null = null;
  #abort = new AbortController();
  #attempt = 0;
  /** What worked last is tried first. */
  #first: LineKind = "webrtc";
  #sink = "";
  #answered: (() => void) | null = null;
  #typed: string | null = null;
  #health: number | undefined;
  readonly #listeners = new Set<() => void>();

  constructor(readonly session: string) {}

  get state(): CallState {
    return this.#state;
  }

  get stream(): MediaStream | null {
    return this.#media?.stream ?? null;
  }

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  #set(part: Partial<CallState>): void {
    this.#state = { ...this.#state, ...part };
    for (const listener of this.#listeners) listener();
  }

  /** Connect with what was opened; goes on until `hangUp`. */
  async start(media: LocalMedia): Promise<void> {
    this.#media = media;
    const { stream, screen, note } = media;
    for (const track of stream.getTracks()) this.#watchTrack(track);
    this.#set({
      phase: "connecting",
      screen,
      note,
      camera: stream.getVideoTracks().length > 0 ? "on" : "none",
      microphone: stream.getAudioTracks().length > 0,
    });
    await this.#connect();
  }

  hangUp = (): void => {
    this.#end("ended", null);
  };

  #end(phase: "ended" | "failed", error: string | null): void {
    this.#abort.abort();
    window.clearInterval(this.#health);
    this.#line?.close();
    this.#line = null;
    this.#media?.release();
    this.#set({ phase, error, via: null, voice: "listening", caption: "", reply: "" });
  }

  async #connect(): Promise<void> {
    const { stream } = this;
    if (!stream || this.#isOver()) return;
    try {
      this.#line = await this.#open(stream);
    } catch (thrown) {
      if (this.#isOver()) return;
      if (thrown instanceof Refused && this.#attempt === 0) {
        this.#end("failed", t("live.error.refused", { message: thrown.message }));
        return;
      }
      await this.#again();
      return;
    }
    if (this.#isOver()) {
      this.#line.close();
      return;
    }
    this.#attempt = 0;
    const { kind } = this.#line;
    const note = kind === "websocket" ? t("live.fallback") : this.#media?.note;
    const quiet = { voice: "listening", caption: "", reply: "", answering: false } as const;
    this.#set({ phase: "live", via: kind, ...quiet });
    this.#set({ note: note ?? null });
    this.#tellMode();
    if (this.#sink !== "") void this.#line.sink(this.#sink).catch(() => undefined);
    window.clearInterval(this.#health);
    this.#health = window.setInterval(() => void this.#measure(), HEALTH_S * 1000);
  }

  /** By WebRTC; by WebSocket where that does not come up. */
  async #open(stream: MediaStream): Promise<Line> {
    const events = { onEvent: (event: ServerEvent) => this.#hear(event), onLost: this.#lost };
    const { signal } = this.#abort;
    if (this.#first === "webrtc") {
      try {
        return await openPeer(this.session, stream, events, signal);
      } catch (thrown) {
        if (signal.aborted || thrown instanceof Refused) throw thrown;
      }
    }
    const line = await openSocket(this.session, stream, events, signal).catch((thrown: unknown) => {
      this.#first = "webrtc"; // both are away: next time from the start
      throw thrown;
    });
    this.#first = "websocket";
    return line;
  }

  #isOver(): boolean {
    return this.#abort.signal.aborted;
  }

  #lost = (): void => {
    if (this.#isOver()) return;
    this.#line?.close(true);
    this.#line = null;
    window.clearInterval(this.#health);
    void this.#again();
  };

  async #again(): Promise<void> {
    this.#set({ phase: "reconnecting", via: null, health: null });
    const wait_s = RETRIES_S[Math.min(this.#attempt, RETRIES_S.length - 1)] ?? 8;
    this.#attempt += 1;
    await new Promise((resolve) => window.setTimeout(resolve, wait_s * 1000));
    await this.#connect();
  }

  /** The server was away: is the line still there? Sound alone would tell only much later. */
  probe(): void {
    if (this.#state.phase !== "live") return;
    const timer = window.setTimeout(this.#lost, PROBE_S * 1000);
    this.#answered = () => window.clearTimeout(timer);
    this.#tellMode();
  }

  #hear(event: ServerEvent): void {
    if (event.type === "session.updated") this.#answered?.();
    this.#set(hear(this.#state, event));
    // What people said to each other must not become part of the next typed question.
    const isAside = event.type === "omnilive.turn" && event.omnilive?.addressed === false;
    if (isAside && event.item_id) {
      this.#send({ type: "conversation.item.delete", item_id: event.item_id });
    }
    if (event.type === "response.done" && this.#typed !== null) {
      this.#send(...typedTurn(this.#typed));
      this.#typed = null;
    }
  }

  async #measure(): Promise<void> {
    const health = await this.#line?.health();
    if (health && this.#state.phase === "live") this.#set({ health });
  }

  #send(...events: ClientEvent[]): void {
    for (const event of events) this.#line?.send(event);
  }

  /** A typed question, answered aloud in the same conversation. False where there is no line. */
  ask(text: string): boolean {
    if (this.#state.phase !== "live") return false;
    if (this.#state.answering) {
      this.#typed = text; // one answer at a time: this one ends, and then it is asked
      this.interrupt();
    } else this.#send(...typedTurn(text));
    return true;
  }

  interrupt = (): void => {
    this.#line?.silence();
    if (this.#state.answering) this.#send({ type: "response.cancel" });
    this.#set({ voice: "listening" });
  };

  setMode(mode: AnswerMode, wakeWord: string): void {
    this.#set({ mode, wakeWord });
    this.#tellMode();
  }

  #tellMode(): void {
    const { mode, wakeWord } = this.#state;
    const words = mode === "wake_word" && wakeWord.trim() !== "" ? [wakeWord.trim()] : [];
    const omnilive = { answer: mode, ...(words.length > 0 && { wake_words: words }) };
    this.#send({ type: "session.update", session: { type: "realtime", omnilive } });
  }

  /** Push to talk: what is said while it is held is one turn. */
  hold(holding: boolean): void {
    if (holding === this.#state.holding) return;
    this.#set({ holding });
    if (holding) {
      if (this.#state.voice === "speaking") this.interrupt();
      this.#send({ type: "input_audio_buffer.clear" });
    } else {
      this.#send({ type: "input_audio_buffer.commit" });
    }
  }

  mute(muted: boolean): void {
    for (const track of this.stream?.getAudioTracks() ?? []) track.enabled = !muted;
    this.#set({ muted });
  }

  /** Off means off: the camera's light goes out. */
  async showCamera(on: boolean, deviceId?: string): Promise<void> {
    await this.#swap("video", on ? () => openTrack("video", deviceId) : null);
    this.#set({ camera: on ? "on" : "off" });
  }

  async useMicrophone(deviceId: string): Promise<void> {
    await this.#swap("audio", () => openTrack("audio", deviceId));
    this.#set({ microphone: true });
    this.mute(this.#state.muted);
  }

  async useLoudspeaker(deviceId: string): Promise<void> {
    this.#sink = deviceId;
    await this.#line?.sink(deviceId);
  }

  async #swap(kind: "audio" | "video", open: (() => Promise<MediaStreamTrack>) | null) {
    const { stream } = this;
    if (!stream) return;
    const old = kind === "audio" ? stream.getAudioTracks() : stream.getVideoTracks();
    for (const track of old) {
      stream.removeTrack(track);
      track.stop();
    }
    try {
      const track = open === null ? null : await open();
      if (track) {
        stream.addTrack(track);
        this.#watchTrack(track);
      }
      await this.#line?.replace(kind, track);
      this.#set({ error: null });
    } catch (thrown) {
      await this.#line?.replace(kind, null).catch(() => undefined);
      this.#set({ error: problemOf(thrown).message });
      throw thrown;
    }
  }

  #watchTrack(track: MediaStreamTrack): void {
    track.addEventListener("ended", () => {
      if (this.#isOver() || !this.stream?.getTracks().includes(track)) return;
      if (this.#state.screen && track.kind === "video") this.hangUp();
      else this.#set({ error: t("live.error.unplugged") });
    });
  }
}
