/** The sound of an alert, for those who want one. The choice is kept in this browser. */

import { useSyncExternalStore } from "react";

const KEY = "omnilive.alert-sound";
const listeners = new Set<() => void>();
let wanted = stored();

function stored(): boolean {
  try {
    return localStorage.getItem(KEY) === "on";
  } catch {
    return false; // storage is blocked
  }
}

export function setAlertSound(on: boolean): void {
  wanted = on;
  try {
    localStorage.setItem(KEY, on ? "on" : "off");
  } catch {
    // The choice then lasts until the page is closed.
  }
  for (const listener of listeners) listener();
  if (on) chime();
}

export function useAlertSound(): boolean {
  return useSyncExternalStore(
    (onChange) => {
      listeners.add(onChange);
      return () => listeners.delete(onChange);
    },
    () => wanted,
  );
}

/** Two soft notes, where sound is wanted. */
export function chime(): void {
  if (!wanted) return;
  const context = new AudioContext();
  [660, 880].forEach((frequency, at) => {
    const from_s = context.currentTime + at * 0.16;
    const note = new OscillatorNode(context, { frequency });
    const loudness = new GainNode(context, { gain: 0 });
    loudness.gain.setTargetAtTime(0.12, from_s, 0.01);
    loudness.gain.setTargetAtTime(0, from_s + 0.12, 0.08);
    note.connect(loudness).connect(context.destination);
    note.start(from_s);
    note.stop(from_s + 0.6);
    if (at === 1) note.addEventListener("ended", () => void context.close());
  });
}
