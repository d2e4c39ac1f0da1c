/** A line by WebSocket, where nothing but web traffic gets through: sound and pictures as events. */

import { Refused, type Line, type LineEvents } from "./line";
import { toBase64, RATE_HZ } from "./pcm";
import { readEvent, type ClientEvent, type ServerEvent } from "./protocol";
import { Snapshots } from "./snapshots";
import { Speaker } from "./speaker";

const OPEN_S = 8;
/** More than this unsent means the network is too slow: sound is let go, not piled up. */
const BACKLOG_BYTES = 1_000_000;
const REFUSALS = [1008, 4401, 4403, 4404];

export async function openSocket(
  session: string,
  stream: MediaStream,
  events: LineEvents,
  signal: AbortSignal,
): Promise<Line> {
  const socket = await connect(session, signal);
  // Two, because the one that plays can be paused.
  const ears = new AudioContext({ sampleRate: RATE_HZ });
  const mouth = new AudioContext({ sampleRate: RATE_HZ });
  let playing = "";
  const send = (event: ClientEvent) => {
    const busy = socket.bufferedAmount > BACKLOG_BYTES;
    if (busy && event.type.startsWith("input_")) return;
    if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(event));
  };
  const speaker = new Speaker(mouth, {
    onStarted: () => events.onEvent({ type: "output_audio_buffer.started" }),
    onStopped: () => events.onEvent({ type: "output_audio_buffer.stopped" }),
  });
  const silence = () => {
    const cut = speaker.silence();
    if (cut === null || cut.item === "") return;
    const { item: item_id, heard_ms: audio_end_ms } = cut;
    send({ type: "conversation.item.truncate", item_id, content_index: 0, audio_end_ms });
  };
  function receive(event: ServerEvent): void {
    if (event.type === "response.output_audio.delta") {
      playing = event.item_id ?? event.response_id ?? playing;
      speaker.play(event.delta, playing);
      return;
    }
    if (event.type === "omnilive.paused") speaker.pause();
    if (event.type === "omnilive.resumed") speaker.resume();
    const cut = event.type === "response.done" && event.response?.status === "cancelled";
    // Told only once it is clear that somebody interrupts.
    if (cut || event.type === "input_audio_buffer.speech_started") silence();
    events.onEvent(event);
  }
  const microphone = await Microphone.open(ears, (pcm) =>
    send({ type: "input_audio_buffer.append", audio: toBase64(pcm) }),
  );
  microphone.use(stream.getAudioTracks()[0] ?? null);
  const snapshots = new Snapshots((image) => send({ type: "input_video_buffer.append", image }));
  snapshots.use(stream.getVideoTracks()[0] ?? null);
  let closed = false;
  function close(): void {
    closed = true;
    snapshots.close();
    speaker.silence();
    socket.close();
    void ears.close();
    void mouth.close();
  }
  socket.addEventListener("message", ({ data }) => {
    const event = readEvent(data);
    if (event) receive(event);
  });
  socket.addEventListener("close", () => {
    if (!closed) events.onLost();
  });
  return {
    kind: "websocket",
    send,
    replace: (kind, track) => {
      (kind === "audio" ? microphone : snapshots).use(track);
      return Promise.resolve();
    },
    silence,
    sink: async (deviceId) => {
      const to = mouth as AudioContext & { setSinkId?: (id: string) => Promise<void> };
      await to.setSinkId?.(deviceId);
    },
    health: () => Promise.resolve({ rtt_ms: null, lost: null, heard: speaker.energy }),
    close,
  };
}

function connect(session: string, signal: AbortSignal): Promise<WebSocket> {
  const { protocol, host } = window.location;
  const scheme = protocol === "https:" ? "wss" : "ws";
  const address = `${scheme}://${host}/v1/realtime?session=${encodeURIComponent(session)}`;
  const socket = new WebSocket(address, ["realtime"]);
  return new Promise((resolve, reject) => {
    const fail = (error: Error) => {
      socket.close();
      reject(error);
    };
    const timer = window.setTimeout(() => fail(new Error("no answer in time")), OPEN_S * 1000);
    signal.addEventListener("abort", () => fail(new DOMException("hung up", "AbortError")));
    socket.addEventListener("open", () => {
      window.clearTimeout(timer);
      resolve(socket);
    });
    socket.addEventListener("close", ({ code, reason }) => {
      window.clearTimeout(timer);
      fail(REFUSALS.includes(code) ? new Refused(reason) : new Error(reason));
    });
  });
}

/** The microphone as pieces of 16-bit sound. */
class Microphone {
  #source: MediaStreamAudioSourceNode | null = null;

  private constructor(
    private readonly context: AudioContext,
    private readonly node: AudioWorkletNode,
  ) {}

  static async open(context: AudioContext, onSound: (pcm: ArrayBuffer) => void) {
    // A file of its own: the page's security policy allows no script that is made up on the way.
    await context.audioWorklet.addModule("./worklets/microphone.js");
    const node = new AudioWorkletNode(context, "microphone", { numberOfOutputs: 0 });
    node.port.addEventListener("message", ({ data }) => onSound(data as ArrayBuffer));
    node.port.start();
    return new Microphone(context, node);
  }

  use(track: MediaStreamTrack | null): void {
    this.#source?.disconnect();
    this.#source = track && this.context.createMediaStreamSource(new MediaStream([track]));
    this.#source?.connect(this.node);
  }
}
