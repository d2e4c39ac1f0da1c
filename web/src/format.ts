/** Times, sizes and dates as people read them. */

import { locale, t } from "./strings";

/** 75.4 -> "1:15", 3675 -> "1:01:15". Rounds down, as every player does. */
export function clock(seconds: number): string {
  const whole = Number.isFinite(seconds) ? Math.max(0, Math.floor(seconds)) : 0;
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const ss = String(s).padStart(2, "0");
  return h > 0 ? `${h}:${String(m).padStart(2, "0")}:${ss}` : `${m}:${ss}`;
}

/** "1:15" -> 75, "75" -> 75, "1:01:15.5" -> 3675.5; null for what is no time. */
export function parseClock(text: string): number | null {
  const parts = text.trim().split(":");
  if (parts.length > 3 || !parts.every((part) => /^\d+(\.\d+)?$/.test(part))) return null;
  return parts.reduce((total, part) => total * 60 + Number(part), 0);
}

/** "0:12–0:15", or "0:12" when both ends fall in the same second. */
export function span(start_s: number, end_s: number): string {
  const [start, end] = [clock(start_s), clock(end_s)];
  return start === end ? start : `${start}–${end}`;
}

export function bytes(count: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let value = count;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit > 0 && value < 9.95 ? 1 : 0;
  return `${value.toFixed(digits)} ${units[unit] ?? ""}`;
}

/** "just now", "5 minutes ago", "yesterday", and after a week the date. */
export function age(wall_s: number, now_s: number = Date.now() / 1000): string {
  const old_s = now_s - wall_s;
  if (old_s < 60) return t("age.now");
  if (old_s > 7 * 86_400) {
    return new Date(wall_s * 1000).toLocaleDateString(locale, { dateStyle: "medium" });
  }
  const relative = new Intl.RelativeTimeFormat(locale, { numeric: "auto" });
  if (old_s < 3600) return relative.format(-Math.floor(old_s / 60), "minute");
  if (old_s < 86_400) return relative.format(-Math.floor(old_s / 3600), "hour");
  return relative.format(-Math.floor(old_s / 86_400), "day");
}

/** "0.9 s" below ten seconds, "12 s" above. */
export function seconds(value: number): string {
  return t("unit.seconds", { count: value.toFixed(value < 9.95 ? 1 : 0) });
}

/** The last part of an address or path: what people call a source. */
export function sourceName(url: string): string {
  const trimmed = url.replace(/[?#].*$/, "").replace(/\/+$/, "");
  return trimmed.slice(trimmed.lastIndexOf("/") + 1) || url;
}
