/** Sound as the Realtime protocol carries it: 16-bit little-endian samples, in base 64. */

export const RATE_HZ = 24_000;

export function toBase64(buffer: ArrayBuffer): string {
  const bytes = new Uint8Array(buffer);
  let text = "";
  for (let at = 0; at < bytes.length; at += 0x8000) {
    text += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  }
  return btoa(text);
}

/** Samples from -1 to 1; a cut-off last byte is left out. */
export function fromBase64(text: string): Float32Array<ArrayBuffer> {
  const bytes = Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
  const view = new DataView(bytes.buffer);
  const samples = new Float32Array(bytes.length >> 1);
  for (let at = 0; at < samples.length; at += 1) {
    samples[at] = view.getInt16(at * 2, true) / 32768;
  }
  return samples;
}
