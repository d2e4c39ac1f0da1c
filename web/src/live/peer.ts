/** A line by WebRTC: WHIP for the offer, tracks for sound and picture, a data channel for events. */

import { getAbout, sessionPath } from "../api/client";
import { errorFromBody } from "../api/request";
import { Refused, type Line, type LineEvents } from "./line";
import { readEvent } from "./protocol";
import type { LineHealth } from "./state";

/** The server may have its models to load before it answers. */
const ANSWER_S = 40;
/** No connection so long after the answer: nothing but web traffic gets through. */
const CONNECT_S = 6;
/** A browser that has not found its ways out by then offers those it has. */
const GATHER_S = 1;
/** Longer away than this, and it is gone. */
const AWAY_S = 3;

/** Connect, or throw: `Refused` where the server says no, else another way may work. */
export async function openPeer(
  session: string,
  stream: MediaStream,
  events: LineEvents,
  signal: AbortSignal,
): Promise<Line> {
  const peer = new RTCPeerConnection({ iceServers: await iceServers() });
  const [sound] = stream.getAudioTracks();
  const [picture] = stream.getVideoTracks();
  const audio = peer.addTransceiver(sound ?? "audio", {
    direction: sound ? "sendrecv" : "recvonly",
    streams: [stream],
  });
  const video = peer.addTransceiver(picture ?? "video", {
    direction: "sendonly",
    streams: [stream],
  });
  const channel = peer.createDataChannel("oai-events");
  const player = new Audio();
  player.autoplay = true;
  player.srcObject = new MediaStream([audio.receiver.track]);
  const give = () => {
    player.srcObject = null;
    peer.close();
  };
  let resource = "";
  try {
    resource = await shakeHands(peer, session, signal);
    const limit = AbortSignal.any([signal, AbortSignal.timeout(CONNECT_S * 1000)]);
    await opened(peer, channel, limit);
  } catch (thrown) {
    give();
    leave(resource);
    throw thrown;
  }
  void player.play().catch(() => undefined); // refused until somebody clicks; `autoplay` retries
  channel.addEventListener("message", ({ data }) => {
    const event = readEvent(data);
    if (event) events.onEvent(event);
  });
  const stopWatching = watchForLoss(peer, channel, events.onLost);
  return {
    kind: "webrtc",
    send: (event) => {
      if (channel.readyState === "open") channel.send(JSON.stringify(event));
    },
    replace: (kind, track) => (kind === "audio" ? audio : video).sender.replaceTrack(track),
    silence: () => undefined, // the server empties its own buffer, a fifth of a second away
    sink: async (deviceId) => {
      if ("setSinkId" in player) await player.setSinkId(deviceId);
    },
    health: () => healthOf(peer),
    close: (isGone = false) => {
      stopWatching();
      give();
      if (!isGone) leave(resource);
    },
  };
}

async function iceServers(): Promise<RTCIceServer[]> {
  return (await getAbout().catch(() => null))?.ice_servers ?? [];
}

async function shakeHands(
  peer: RTCPeerConnection,
  session: string,
  signal: AbortSignal,
): Promise<string> {
  await peer.setLocalDescription();
  await gathered(peer);
  const response = await fetch(`${sessionPath(session)}/whip`, {
    method: "POST",
    headers: { "Content-Type": "application/sdp" },
    body: peer.localDescription?.sdp ?? "",
    signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_S * 1000)]),
  });
  const body = await response.text();
  if ([401, 403, 404, 409, 429].includes(response.status)) {
    throw new Refused(errorFromBody(response.status, body).message);
  }
  if (!response.ok) throw errorFromBody(response.status, body);
  await peer.setRemoteDescription({ type: "answer", sdp: body });
  return response.headers.get("Location") ?? "";
}

function gathered(peer: RTCPeerConnection): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      if (peer.iceGatheringState === "complete") resolve();
    };
    peer.addEventListener("icegatheringstatechange", done);
    window.setTimeout(resolve, GATHER_S * 1000);
    done();
  });
}

function opened(
  peer: RTCPeerConnection,
  channel: RTCDataChannel,
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = () => reject(new Error("the peer connection did not come up"));
    channel.addEventListener("open", () => resolve());
    peer.addEventListener("connectionstatechange", () => {
      if (peer.connectionState === "failed") fail();
    });
    signal.addEventListener("abort", fail);
  });
}

function watchForLoss(
  peer: RTCPeerConnection,
  channel: RTCDataChannel,
  onLost: () => void,
): () => void {
  let timer: number | undefined;
  let over = false;
  const lose = () => {
    if (!over) onLost();
    over = true;
  };
  peer.addEventListener("connectionstatechange", () => {
    window.clearTimeout(timer);
    if (peer.connectionState === "failed") lose();
    if (peer.connectionState === "disconnected") timer = window.setTimeout(lose, AWAY_S * 1000);
  });
  channel.addEventListener("close", lose);
  return () => {
    over = true;
    window.clearTimeout(timer);
  };
}

function leave(resource: string): void {
  if (resource === "") return;
  void fetch(resource, { method: "DELETE", keepalive: true }).catch(() => undefined);
}

async function healthOf(peer: RTCPeerConnection): Promise<LineHealth> {
  const health: LineHealth = { rtt_ms: null, lost: null, heard: 0 };
  for (const each of (await peer.getStats()).values()) {
    const report = each as Record<string, unknown> & { type: string };
    if (report.type === "candidate-pair" && report.nominated === true) {
      const rtt_s = report.currentRoundTripTime;
      if (typeof rtt_s === "number") health.rtt_ms = Math.round(rtt_s * 1000);
    }
    if (report.type === "remote-inbound-rtp" && report.kind === "audio") {
      if (typeof report.fractionLost === "number") health.lost = report.fractionLost;
    }
    if (report.type === "inbound-rtp" && report.kind === "audio") {
      if (typeof report.totalAudioEnergy === "number") health.heard = report.totalAudioEnergy;
    }
  }
  return health;
}
