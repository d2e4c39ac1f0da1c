/** Plays pieces of sound one after the other, and can fall silent at once. */

import { fromBase64, RATE_HZ } from "./pcm";

/** So much is waited for before the first piece, against stutter. */
const HEADSTART_S = 0.06;

export interface SpeakerEvents {
  onStarted: () => void;
  /** Everything handed over has been played. */
  onStopped: () => void;
}

export class Speaker {
  readonly #context: AudioContext;
  readonly #events: SpeakerEvents;
  readonly #meter: AnalyserNode;
  readonly #waiting = new Set<AudioBufferSourceNode>();
  #free_s = 0;
  #begun_s = 0;
  #item = "";
  #length_s = 0;
  #energy = 0;

  constructor(context: AudioContext, events: SpeakerEvents) {
    this.#context = context;
    this.#events = events;
    this.#meter = context.createAnalyser();
    this.#meter.connect(context.destination);
  }

  /** Queue a piece of the item `item`. */
  play(base64: string, item: string): void {
    const samples = fromBase64(base64);
    if (samples.length === 0) return;
    const buffer = this.#context.createBuffer(1, samples.length, RATE_HZ);
    buffer.copyToChannel(samples, 0);
    for (const sample of samples) this.#energy += (sample * sample) / RATE_HZ;
    const node = new AudioBufferSourceNode(this.#context, { buffer });
    node.connect(this.#meter);
    const now_s = this.#context.currentTime;
    if (this.#waiting.size === 0) this.#free_s = now_s + HEADSTART_S;
    if (item !== this.#item) {
      this.#item = item;
      this.#begun_s = this.#free_s;
      this.#length_s = 0;
    }
    if (this.#waiting.size === 0) this.#events.onStarted();
    node.start(this.#free_s);
    this.#free_s += buffer.duration;
    this.#length_s += buffer.duration;
    this.#waiting.add(node);
    node.addEventListener("ended", () => {
      if (this.#waiting.delete(node) && this.#waiting.size === 0) this.#events.onStopped();
    });
  }

  /** Fall silent; returns the item that was playing and how much of it was heard. */
  silence(): { item: string; heard_ms: number } | null {
    if (this.#waiting.size === 0) return null;
    const since_s = this.#context.currentTime - this.#begun_s;
    const heard_s = Math.max(0, Math.min(since_s, this.#length_s));
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const node of waiting) node.stop();
    this.resume();
    this.#events.onStopped();
    return { item: this.#item, heard_ms: Math.round(heard_s * 1000) };
  }

  /** Hold still: somebody speaks, and it may be an interruption. */
  pause(): void {
    void this.#context.suspend();
  }

  resume(): void {
    void this.#context.resume();
  }

  /** Energy of everything played so far. */
  get energy(): number {
    return this.#energy;
  }
}
