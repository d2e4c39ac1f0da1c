/** Every call to the server that is answered once. The event stream is in `events.ts`. */

import { post, request } from "./request";
import type {
  About,
  Answer,
  Fact,
  Memory,
  Pace,
  Pin,
  SearchResult,
  Session,
  Source,
  Timeline,
} from "./types";

export function sessionPath(id: string): string {
  return `/v1/sessions/${encodeURIComponent(id)}`;
}

/** The address of a picture that an answer, a moment or a search result names. */
export function keyframeUrl(id: string, keyframe: string): string {
  return `${sessionPath(id)}/${keyframe}`;
}

export function mediaUrl(id: string, source: number): string {
  return `${sessionPath(id)}/sources/${source}/media`;
}

export async function listSessions(): Promise<Session[]> {
  return (await request<{ sessions: Session[] }>("/v1/sessions")).sessions;
}

export function createSession(id: string): Promise<Session> {
  return post("/v1/sessions", { id });
}

export function getSession(id: string): Promise<Session> {
  return request(sessionPath(id));
}

export function deleteSession(id: string): Promise<void> {
  return request(sessionPath(id), { method: "DELETE" });
}

export async function listSources(id: string): Promise<Source[]> {
  return (await request<{ sources: Source[] }>(`${sessionPath(id)}/sources`)).sources;
}

export function addSource(id: string, url: string, pace: Pace): Promise<Source> {
  return post(`${sessionPath(id)}/sources`, { url, pace });
}

export function stopSource(id: string, source: number): Promise<void> {
  return request(`${sessionPath(id)}/sources/${source}`, { method: "DELETE" });
}

/** Ask about everything remembered, or only about what was perceived up to `t`. */
export function ask(id: string, question: string, t: number | null): Promise<Answer> {
  return post(`${sessionPath(id)}/ask`, { question, t });
}

export function getTimeline(
  id: string,
  options: { before_s?: number; limit?: number } = {},
): Promise<Timeline> {
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries(options)) query.set(key, String(value));
  return request(`${sessionPath(id)}/timeline?${query.toString()}`);
}

export async function search(
  id: string,
  q: string,
  signal: AbortSignal,
  limit = 40,
): Promise<SearchResult[]> {
  const query = new URLSearchParams({ q, limit: String(limit) });
  const path = `${sessionPath(id)}/search?${query.toString()}`;
  return (await request<{ results: SearchResult[] }>(path, { signal })).results;
}

/** What the server can do, and how to reach it. */
export function getAbout(): Promise<About> {
  return request("/v1/about");
}

export function forgetSpan(id: string, start_s: number, end_s: number): Promise<void> {
  const query = new URLSearchParams({ start_s: String(start_s), end_s: String(end_s) });
  return request(`${sessionPath(id)}/memory?${query.toString()}`, { method: "DELETE" });
}

/** How full the memory is. */
export function getMemory(id: string): Promise<Memory> {
  return request(`${sessionPath(id)}/memory`);
}

export function addPin(id: string, start_s: number, end_s: number): Promise<Pin> {
  return post(`${sessionPath(id)}/pins`, { start_s, end_s });
}

/** Remove every pin that holds something of a span. */
export async function unpinSpan(id: string, start_s: number, end_s: number): Promise<void> {
  const { pins } = await request<{ pins: Pin[] }>(`${sessionPath(id)}/pins`);
  const held = pins.filter((pin) => pin.start_s < end_s && pin.end_s > start_s);
  for (const pin of held) {
    await request(`${sessionPath(id)}/pins/${pin.id}`, { method: "DELETE" });
  }
}

export function correctFact(id: string, fact: number, text: string): Promise<Fact> {
  return request(`${sessionPath(id)}/facts/${fact}`, {
    method: "PATCH",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ text }),
  });
}

/** The address of a span as a film. */
export function clipUrl(id: string, start_s: number, end_s: number): string {
  const query = new URLSearchParams({ start_s: start_s.toFixed(2), end_s: end_s.toFixed(2) });
  return `${sessionPath(id)}/clip.mp4?${query.toString()}`;
}
