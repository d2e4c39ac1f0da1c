/** A camera as a row of JPEG pictures. */

const EVERY_S = 0.5;
const LONGEST_PX = 1280;
const QUALITY = 0.8;

export class Snapshots {
  readonly #video = document.createElement("video");
  readonly #canvas = document.createElement("canvas");
  readonly #timer: number;
  #on = false;

  constructor(private readonly onPicture: (base64: string) => void) {
    this.#video.muted = true;
    this.#video.playsInline = true;
    this.#timer = window.setInterval(() => this.#take(), EVERY_S * 1000);
  }

  use(track: MediaStreamTrack | null): void {
    this.#on = track !== null;
    this.#video.srcObject = track && new MediaStream([track]);
    if (track) void this.#video.play().catch(() => undefined);
  }

  close(): void {
    window.clearInterval(this.#timer);
    this.use(null);
  }

  #take(): void {
    const { videoWidth, videoHeight } = this.#video;
    if (!this.#on || videoWidth === 0) return;
    const scale = Math.min(1, LONGEST_PX / Math.max(videoWidth, videoHeight));
    this.#canvas.width = Math.round(videoWidth * scale);
    this.#canvas.height = Math.round(videoHeight * scale);
    const { width, height } = this.#canvas;
    this.#canvas.getContext("2d")?.drawImage(this.#video, 0, 0, width, height);
    const [, base64] = this.#canvas.toDataURL("image/jpeg", QUALITY).split(",");
    if (base64) this.onPicture(base64);
  }
}
