import { useRef, useState } from "react";

import { addSource, createSession, deleteSession, listSessions } from "../api/client";
import { asApiError } from "../api/request";
import type { Pace } from "../api/types";
import { uploadSource } from "../api/upload";
import { freeName, nameFor } from "./naming";

export type Wanted =
  { kind: "url"; url: string; pace: Pace } | { kind: "file"; file: File } | { kind: "nothing" };

export interface Watch {
  busy: boolean;
  /** The fraction of a file that has been sent, while one is. */
  progress: number | null;
  error: string | null;
  start: (wanted: Wanted, name: string) => Promise<void>;
  cancel: () => void;
  fail: (message: string) => void;
}

/** Start watching: into the session `into`, or into a new one. */
export function useWatch(into: string | undefined, onStarted: (id: string) => void): Watch {
  const [busy, setBusy] = useState(false);
  const [progress, setProgress] = useState<number | null>(null);
  const [error, setError] = useState<string | null>(null);
  const cancelUpload = useRef<() => void>(() => undefined);
  // A session made for a source that then failed is used again by the next try.
  const made = useRef<{ name: string; id: string } | null>(null);

  async function sessionFor(wanted: Wanted, name: string): Promise<string> {
    if (into !== undefined) return into;
    if (made.current?.name === name) return made.current.id;
    const source =
      wanted.kind === "url" ? wanted.url : wanted.kind === "file" ? wanted.file.name : "";
    const taken = name === "" ? (await listSessions()).map((session) => session.id) : [];
    const id = name === "" ? freeName(nameFor(source), taken) : name;
    made.current = { name, id: (await createSession(id)).id };
    return made.current.id;
  }

  async function send(id: string, wanted: Wanted): Promise<void> {
    if (wanted.kind === "url") await addSource(id, wanted.url, wanted.pace);
    if (wanted.kind === "file") {
      setProgress(0);
      const upload = uploadSource(id, wanted.file, setProgress);
      cancelUpload.current = upload.cancel;
      await upload.done;
    }
  }

  // A session whose only upload was called off holds nothing.
  async function forget(): Promise<void> {
    const id = made.current?.id;
    made.current = null;
    if (id !== undefined) await deleteSession(id).catch(() => undefined);
  }

  async function start(wanted: Wanted, name: string): Promise<void> {
    setBusy(true);
    setError(null);
    try {
      const id = await sessionFor(wanted, name);
      await send(id, wanted);
      made.current = null;
      onStarted(id);
    } catch (thrown) {
      const cancelled = thrown instanceof DOMException && thrown.name === "AbortError";
      if (cancelled) await forget();
      else setError(asApiError(thrown).message);
    } finally {
      setBusy(false);
      setProgress(null);
    }
  }

  return { busy, progress, error, start, cancel: () => cancelUpload.current(), fail: setError };
}
