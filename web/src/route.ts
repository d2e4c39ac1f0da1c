/** Where the page is, kept in the part of the address after `#`, so that any server can serve it. */

import { useSyncExternalStore } from "react";

export type Route = { view: "sessions" } | { view: "session"; id: string; t: number | null };

const SESSION = /^#\/sessions\/([^?]+)(?:\?t=([\d.]+))?$/;

export function parseRoute(hash: string): Route {
  const match = SESSION.exec(hash);
  if (!match?.[1]) return { view: "sessions" };
  const t = Number.parseFloat(match[2] ?? "");
  return { view: "session", id: decode(match[1]), t: Number.isFinite(t) ? t : null };
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

export const sessionsHref = "#/";

export function sessionHref(id: string, t?: number): string {
  const at = t === undefined ? "" : `?t=${t.toFixed(1)}`;
  return `#/sessions/${encodeURIComponent(id)}${at}`;
}

export function go(href: string): void {
  window.location.hash = href;
}

let remembering: number | undefined;

/** Put the time on show into the address, so that it can be shared; nothing is reloaded. */
export function rememberTime(id: string, t: number): void {
  window.clearTimeout(remembering);
  // Browsers refuse more than a few changes a second, and dragging makes many.
  remembering = window.setTimeout(() => {
    const route = parseRoute(window.location.hash);
    if (route.view === "session" && route.id === id) {
      window.history.replaceState(null, "", sessionHref(id, t));
    }
  }, 300);
}

function subscribe(onChange: () => void): () => void {
  window.addEventListener("hashchange", onChange);
  return () => window.removeEventListener("hashchange", onChange);
}

export function useRoute(): Route {
  return parseRoute(useSyncExternalStore(subscribe, () => window.location.hash));
}
