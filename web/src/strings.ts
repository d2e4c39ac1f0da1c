/** Every text of the page. `{name}` is filled in by `t`; `key.one` and `key.other` by `tn`. */

export const locale = "en";

const en = {
  "app.name": "OmniLive",
  "app.skip": "Skip to content",
  "app.sessions": "Sessions",
  "app.broken": "This page ran into a problem: {message}",
  "app.reload": "Reload the page",
  "theme.system": "Theme: as the system",
  "theme.light": "Theme: light",
  "theme.dark": "Theme: dark",
  "age.now": "just now",
  close: "Close",
  cancel: "Cancel",
  retry: "Try again",
  loading: "Loading…",

  "error.status": "The server answered with status {status} and no explanation.",
  "error.unreachable": "OmniLive cannot be reached. Is “omnilive serve” still running?",
  "error.body": "The server's answer could not be read.",

  "list.title": "Sessions",
  "list.lead": "Everything OmniLive has watched, ready to be asked about.",
  "list.running": "Watching",
  "list.moments.one": "{count} moment",
  "list.moments.other": "{count} moments",
  "list.delete": "Delete session {id}",
  "list.empty.title": "Nothing watched yet",
  "list.empty.1": "Give OmniLive a video file, a stream or a camera above.",
  "list.empty.2": "It watches and listens, and remembers what was said, seen and written.",
  "list.empty.3":
    "Ask about any of it, and check the answer against the very seconds it came from.",

  "watch.title": "Watch something",
  "watch.link": "Link or path",
  "watch.file": "Upload a file",
  "watch.url": "Address of a stream, or path on the server",
  "watch.url.example": "rtsp://camera.local/stream or /videos/kitchen.mp4",
  "watch.url.missing": "Type an address or a path first.",
  "watch.pace": "At the speed of life, not as fast as possible",
  "watch.choose": "Choose a video or sound file",
  "watch.drop": "or drop it here",
  "watch.file.missing": "Choose a file first.",
  "watch.name": "Session name (optional)",
  "watch.name.hint": "As the source",
  "watch.start": "Start watching",
  "watch.create": "Create without a source",
  "watch.create.missing": "Type a name first.",
  "watch.busy": "Starting…",
  "watch.uploading": "Uploading {percent} %",
  "watch.more": "Watch something else here",

  "delete.title": "Delete “{id}”?",
  "delete.text": "Everything it remembers goes: pictures, words, answers. This cannot be undone.",
  "delete.confirm": "Delete session",
  "delete.busy": "Deleting…",

  "session.delete": "Delete session",
  "session.loading": "Opening {id}…",
  "session.failed": "This session could not be opened",
  "session.back": "Back to all sessions",

  "status.none": "Nothing is being watched yet.",
  "status.lost": "Lost the connection to OmniLive; trying again…",
  "status.connecting": "Opening {name}…",
  "status.live": "Watching {name}, at {time}",
  "status.live.of": "Watching {name}, {time} of {total}",
  "status.stalled": "No picture or sound from {name} since {time}",
  "status.reconnecting": "Lost {name}, reconnecting since {time}",
  "status.ended": "Watched {name} to its end ({time})",
  "status.failed": "Could not watch {name}: {detail}",
  "status.interrupted": "Watching {name} was interrupted at {time}; what was seen is kept",
  "status.noreason": "no reason given",
  "status.stop": "Stop watching {name}",
  "status.stop.short": "Stop",

  "player.label": "Player",
  "player.play": "Play",
  "player.pause": "Pause",
  "player.mute": "Mute",
  "player.unmute": "Unmute",
  "player.full": "Full screen",
  "player.live": "Live",
  "player.golive": "Go to live",
  "player.scrub": "Position",
  "player.at": "{time} of {total}",
  "player.alt": "What the session saw at {time}",
  "player.nothing": "No picture yet",
  "player.nothing.hint": "It appears here as soon as something is seen.",
  "player.sound": "Sound only",
  "player.unplayable": "This browser cannot play the file: showing remembered pictures.",
  "player.gap": "Nothing was received here: {reason}",

  "captions.label": "Captions",
  "captions.waiting": "Captions appear here when somebody speaks.",
  "captions.silent": "No speech here",

  "ask.title": "Ask",
  "ask.label": "Your question",
  "ask.placeholder": "Type a question",
  "ask.send": "Ask",
  "ask.empty": "Type a question first.",
  "ask.until": "Only what was known at {time}",
  "ask.asof": "as of {time}",
  "ask.thinking": "Looking through memory…",
  "ask.start": "Ask in plain words. Every answer names the seconds that prove it.",
  "ask.unsupported": "Not supported by memory",
  "ask.timing": "{total} · {model}",
  "ask.example.1": "What was said?",
  "ask.example.2": "Who or what appeared, and when?",
  "ask.example.3": "What text was on screen?",
  "evidence.label": "Evidence",
  "evidence.chip": "{span} {kind}",

  "memory.title": "Memory",
  "memory.filter": "Show only",
  "memory.all": "All",
  "memory.empty": "No moments yet. They appear a few seconds after something is seen.",
  "memory.none": "Nothing of this kind is remembered here.",
  "memory.earlier": "Show earlier moments",
  "memory.more": "and {count} more",
  "memory.moment": "Go to {time}",
  "memory.gap": "Nothing received for {time}: {reason}",

  "search.label": "Search the memory",
  "search.placeholder": "Search what was said, seen, written",
  "search.clear": "Clear search",
  "search.busy": "Searching…",
  "search.none": "Nothing remembered matches “{q}”.",
  "search.found.one": "{count} result",
  "search.found.other": "{count} results",

  "kind.speech": "speech",
  "kind.sound": "sound",
  "kind.object": "object",
  "kind.text": "text",
  "kind.scene": "scene",
  "kind.caption": "picture",
  "kind.moment": "moment",
  "filter.speech": "Speech",
  "filter.object": "Objects",
  "filter.text": "Text",
  "filter.sound": "Sounds",
} as const;

export type StringKey = keyof typeof en;
type PluralKey = StringKey extends infer K
  ? K extends `${infer Base}.other`
    ? Base
    : never
  : never;
type Values = Record<string, string | number>;

function fill(text: string, values: Values): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

export function t(key: StringKey, values: Values = {}): string {
  return fill(en[key], values);
}

const plural = new Intl.PluralRules(locale);

/** The singular or plural form for `count`. */
export function tn(key: PluralKey, count: number): string {
  const form = plural.select(count) === "one" ? "one" : "other";
  return fill(en[`${key}.${form}`], { count: count.toLocaleString(locale) });
}
