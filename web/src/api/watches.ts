/** Standing watches and their alerts. */

import { sessionPath } from "./client";
import { post, request } from "./request";
import type { Alert, Explanation, Watch, WatchPreview } from "./types";

function path(session: string, watch?: string): string {
  const all = `${sessionPath(session)}/watches`;
  return watch === undefined ? all : `${all}/${encodeURIComponent(watch)}`;
}

export async function listWatches(session: string): Promise<Watch[]> {
  return (await request<{ watches: Watch[] }>(path(session))).watches;
}

/** How a sentence would be understood; nothing is stored. */
export function previewWatch(session: string, text: string): Promise<WatchPreview> {
  return post(`${path(session)}/preview`, { text });
}

export function createWatch(session: string, text: string): Promise<Watch> {
  return post(path(session), { text });
}

export function changeWatch(
  session: string,
  watch: string,
  change: { text?: string; state?: "armed" | "paused" },
): Promise<Watch> {
  return request(path(session, watch), {
    method: "PATCH",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(change),
  });
}

export function deleteWatch(session: string, watch: string): Promise<void> {
  return request(path(session, watch), { method: "DELETE" });
}

/** What a stored watch, or one in these words, would have said about all that is stored. */
export async function dryRun(
  session: string,
  tried: { watch: string } | { text: string },
): Promise<Alert[]> {
  const found =
    "watch" in tried
      ? post<{ alerts: Alert[] }>(`${path(session, tried.watch)}/dry-run`, {})
      : post<{ alerts: Alert[] }>(`${path(session)}/dry-run`, tried);
  return (await found).alerts;
}

/** Why a watch fired at a second of the past, or stayed silent. */
export function explain(session: string, watch: string, t: number): Promise<Explanation> {
  return request(`${path(session, watch)}/explain?t=${t.toFixed(2)}`);
}

export async function listAlerts(session: string, limit = 5000): Promise<Alert[]> {
  const found = await request<{ alerts: Alert[] }>(`${sessionPath(session)}/alerts?limit=${limit}`);
  return found.alerts;
}
