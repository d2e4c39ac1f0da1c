/** The event log of a session as it grows: reconnects from its cursor, gives each event once. */

import { sessionPath } from "./client";
import { EVENT_TYPES, type SessionEvent } from "./types";

export type Link = "connecting" | "open" | "lost";

export interface EventsOptions {
  after: number;
  onEvent: (event: SessionEvent) => void;
  onLink: (link: Link) => void;
}

const FIRST_RETRY_S = 0.5;
const LAST_RETRY_S = 10;

/** Follow the log until the returned function is called. */
export function followEvents(id: string, { after, onEvent, onLink }: EventsOptions): () => void {
  let cursor = after;
  let retry_s = FIRST_RETRY_S;
  let timer: number | undefined;
  let stream: EventSource | undefined;

  function receive(message: MessageEvent<string>): void {
    const event = JSON.parse(message.data) as SessionEvent;
    if (event.seq !== undefined) {
      if (event.seq <= cursor) return;
      cursor = event.seq;
    }
    onEvent(event);
  }

  function connect(): void {
    stream = new EventSource(`${sessionPath(id)}/events?after=${cursor}`);
    stream.addEventListener("open", () => {
      retry_s = FIRST_RETRY_S;
      onLink("open");
    });
    // The browser's own retry would ask for the old `after` again: close, and come back with ours.
    stream.addEventListener("error", () => {
      stream?.close();
      onLink("lost");
      timer = window.setTimeout(connect, retry_s * 1000 * (0.75 + Math.random() / 2));
      retry_s = Math.min(retry_s * 2, LAST_RETRY_S);
    });
    for (const type of EVENT_TYPES) stream.addEventListener(type, receive);
  }

  onLink("connecting");
  connect();
  return () => {
    window.clearTimeout(timer);
    stream?.close();
  };
}
