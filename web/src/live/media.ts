/** Camera, microphone and screen: asking for them, and saying in words why there are none. */

import { t } from "../strings";

/** Something that keeps a call from starting, in words a person can act on. */
export class MediaProblem extends Error {
  override name = "MediaProblem";
}

export interface LocalMedia {
  stream: MediaStream;
  screen: boolean;
  /** What is missing, in words. */
  note: string | null;
  /** Lets go of everything that `stream` is made of. */
  release: () => void;
}

const SOUND: MediaTrackConstraints = {
  echoCancellation: true,
  noiseSuppression: true,
  autoGainControl: true,
};
// Perception looks a few times a second: more frames would only cost.
const PICTURE: MediaTrackConstraints = {
  width: { ideal: 1280 },
  height: { ideal: 720 },
  frameRate: { ideal: 10, max: 15 },
};

export function soundOf(deviceId?: string): MediaTrackConstraints {
  return deviceId ? { ...SOUND, deviceId: { exact: deviceId } } : SOUND;
}

export function pictureOf(deviceId?: string): MediaTrackConstraints {
  return deviceId ? { ...PICTURE, deviceId: { exact: deviceId } } : PICTURE;
}

/** Why the browser gave nothing, as a person can be told. */
export function problemOf(thrown: unknown, screen = false): MediaProblem {
  if (thrown instanceof MediaProblem) return thrown;
  const { name = "", message = String(thrown) } = thrown as Partial<Error>;
  switch (name) {
    case "NotAllowedError":
    case "SecurityError":
      return new MediaProblem(t(screen ? "live.error.cancelled" : "live.error.denied"));
    case "NotFoundError":
    case "OverconstrainedError":
      return new MediaProblem(t("live.error.none"));
    case "NotReadableError":
    case "AbortError":
      return new MediaProblem(t("live.error.busy"));
    default:
      return new MediaProblem(t("live.error.unknown", { message }));
  }
}

function devices(): MediaDevices {
  // Browsers hide it from pages that did not come over a safe connection.
  const found = (navigator as Partial<Navigator>).mediaDevices;
  if (!found) throw new MediaProblem(t("live.error.insecure"));
  return found;
}

export async function openTrack(kind: "audio" | "video", deviceId?: string) {
  const wanted = kind === "audio" ? { audio: soundOf(deviceId) } : { video: pictureOf(deviceId) };
  const stream = await devices().getUserMedia(wanted);
  const track = stream.getTracks()[0];
  if (!track) throw new MediaProblem(t("live.error.none"));
  return track;
}

function isMissing(thrown: unknown): boolean {
  const { name } = thrown as Partial<Error>;
  return name === "NotFoundError" || name === "OverconstrainedError";
}

/** Camera and microphone; one of them where there is only one. */
export async function openCamera(): Promise<LocalMedia> {
  try {
    const from = devices();
    const { stream, note } = await from
      .getUserMedia({ audio: SOUND, video: PICTURE })
      .then((all) => ({ stream: all, note: null }))
      .catch(async (thrown: unknown) => {
        if (!isMissing(thrown)) throw thrown;
        return from.getUserMedia({ audio: SOUND }).then(
          (sound) => ({ stream: sound, note: t("live.note.sound") }),
          async (again: unknown) => {
            if (!isMissing(again)) throw again;
            const picture = await from.getUserMedia({ video: PICTURE });
            return { stream: picture, note: t("live.note.picture") };
          },
        );
      });
    return { stream, screen: false, note, release: () => stop(stream) };
  } catch (thrown) {
    throw problemOf(thrown);
  }
}

/** The screen, its sound where the browser shares it, and the microphone where there is one. */
export async function openScreen(): Promise<LocalMedia> {
  try {
    const from = devices();
    const shown = await from.getDisplayMedia({ video: { frameRate: { max: 10 } }, audio: true });
    const voice = await from.getUserMedia({ audio: SOUND }).catch(() => null);
    const stream = new MediaStream(shown.getVideoTracks());
    const sounds = [shown, voice].filter(
      (each) => each !== null && each.getAudioTracks().length > 0,
    ) as MediaStream[];
    const mixed = mix(sounds);
    mixed.tracks.forEach((track) => stream.addTrack(track));
    const release = () => {
      [shown, voice, stream].forEach((each) => each && stop(each));
      mixed.close();
    };
    const note = voice === null ? t("live.note.picture") : null;
    return { stream, screen: true, note, release };
  } catch (thrown) {
    throw problemOf(thrown, true);
  }
}

/** One sound track of several. */
function mix(streams: MediaStream[]): { tracks: MediaStreamTrack[]; close: () => void } {
  const [first, second] = streams;
  if (!first || !second) return { tracks: first?.getAudioTracks() ?? [], close: () => undefined };
  const context = new AudioContext();
  const out = context.createMediaStreamDestination();
  for (const stream of streams) context.createMediaStreamSource(stream).connect(out);
  return { tracks: out.stream.getAudioTracks(), close: () => void context.close() };
}

function stop(stream: MediaStream): void {
  for (const track of stream.getTracks()) track.stop();
}
