/** The one call this page can be in. It outlives the views that show it. */

import { useCallback, useSyncExternalStore } from "react";

import { Call } from "./call";
import { openCamera, openScreen, problemOf } from "./media";
import type { CallState } from "./state";

export type From = "camera" | "screen";

let current: Call | null = null;
const listeners = new Set<() => void>();

function tell(): void {
  for (const listener of listeners) listener();
}

/**
 * Ask for camera or screen, then for the session to call, then call it.
 * The browser shows its questions only right after a click, so they come first.
 * Throws a MediaProblem where there is nothing to call with.
 */
export async function startCall(from: From, session: () => Promise<string>): Promise<Call> {
  current?.hangUp();
  const media = await (from === "camera" ? openCamera() : openScreen());
  let id: string;
  try {
    id = await session();
  } catch (thrown) {
    media.release();
    throw thrown;
  }
  const call = new Call(id);
  current = call;
  call.subscribe(tell);
  void call.start(media).catch((thrown: unknown) => {
    console.error(problemOf(thrown).message);
  });
  tell();
  return call;
}

/** Hang up unless the call is with this session. */
export function keepCallOf(session: string | null): void {
  if (current !== null && current.session !== session) {
    current.hangUp();
    current = null;
    tell();
  }
}

function isOn({ phase }: CallState): boolean {
  return phase !== "ended";
}

export interface OpenCall {
  call: Call;
  state: CallState;
}

/** The call with this session, while there is one. */
export function useCall(session: string): OpenCall | null {
  const subscribe = useCallback((onChange: () => void) => {
    listeners.add(onChange);
    return () => listeners.delete(onChange);
  }, []);
  const state = useSyncExternalStore(subscribe, () =>
    current?.session === session && isOn(current.state) ? current.state : null,
  );
  return state === null || current === null ? null : { call: current, state };
}
