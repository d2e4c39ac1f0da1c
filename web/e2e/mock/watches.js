// Watches and alerts of the mock: it understands sentences with a cat, a person or a kettle.
import { Failure } from "./http.js";

/** @typedef {import("../../src/api/types").Watch} Watch */
/** @typedef {import("../../src/api/types").Alert} Alert */
/** @typedef {import("./data.js").Stored} Stored */

const THINGS = /\b(cat|person|kettle|parcel)\b/i;

/** @param {string} text */
export function preview(text) {
  const thing = THINGS.exec(text)?.[1]?.toLowerCase();
  if (thing === undefined) {
    const question = "What should I look or listen for?";
    const suggestions = ["Tell me when a cat appears"];
    return { understood: false, readable: "", rule: null, notes: [], question, suggestions };
  }
  const readable = `Each time a ${thing} appears, tell you by voice and on the page.`;
  const rule = { what: { kind: "object", labels: [thing] } };
  return { understood: true, readable, rule, notes: [], question: "", suggestions: [] };
}

/** @param {Stored} stored @param {Watch} watch @returns {Alert[]} */
function findings(stored, watch) {
  const thing = THINGS.exec(watch.text)?.[1]?.toLowerCase() ?? "";
  return stored.moments.flatMap(({ facts, keyframe }) =>
    facts
      .filter(({ text }) => text.includes(thing) && text.includes("appeared"))
      .map((fact) => ({
        type: /** @type {const} */ ("alert"),
        t: fact.end_s,
        watch: watch.id,
        rule: watch.readable,
        text: `A ${thing} appeared.`,
        start_s: fact.start_s,
        end_s: fact.end_s,
        at_s: fact.start_s,
        keyframe,
        confidence: 0.87,
        evidence: [{ ...fact, keyframe }],
        urgency: "normal",
        latency: { total_s: 0.9 },
        duplicate: 0,
      })),
  );
}

export class WatchBook {
  /** @param {import("./stream.js").EventLog} log */
  constructor(log) {
    this.log = log;
    /** @type {Map<string, Watch>} */
    this.watches = new Map();
    this.made = 0;
  }

  /** @param {string} id */
  find(id) {
    const watch = this.watches.get(id);
    if (!watch) throw new Failure(404, "unknown_watch", `There is no watch “${id}”.`);
    return watch;
  }

  get alerts() {
    return this.log.stored.log.filter((line) => /** @type {Alert} */ (line).type === "alert");
  }

  /** @param {string} id @param {string} state */
  note(id, state) {
    const t = this.log.stored.session.duration_s;
    this.log.append({ type: "watch", t, watch: id, state });
  }

  /** @param {string} text */
  add(text) {
    const { understood, readable, rule, question } = preview(text);
    if (!understood) throw new Failure(422, "rule", String(question));
    this.made += 1;
    const id = `w${this.made}`;
    /** @type {Watch} */
    const watch = { id, text, readable, state: "armed", rule, alerts: 0, last_s: null, error: "" };
    this.watches.set(id, watch);
    this.note(id, "added");
    return watch;
  }

  /** @param {string} id @param {{text?: string, state?: Watch["state"]}} change */
  change(id, change) {
    const watch = this.find(id);
    if (change.text !== undefined) {
      const { understood, readable, rule } = preview(change.text);
      if (!understood) throw new Failure(422, "rule", "What should I look for?");
      Object.assign(watch, { text: change.text, readable, rule });
    }
    if (change.state !== undefined) watch.state = change.state;
    this.note(id, change.state ?? "edited");
    return watch;
  }

  /** @param {string} id */
  remove(id) {
    this.find(id);
    this.watches.delete(id);
    this.note(id, "removed");
  }

  /** @param {string} id */
  dryRun(id) {
    return findings(this.log.stored, this.find(id));
  }

  /** @param {string} text */
  tryOut(text) {
    const { readable, rule } = preview(text);
    const watch = { id: "", text, readable, rule, alerts: 0, last_s: null, error: "" };
    return findings(this.log.stored, { ...watch, state: "paused" });
  }

  /** @param {string} id @param {number} t */
  explain(id, t) {
    const fired = findings(this.log.stored, this.find(id)).some(
      ({ start_s, end_s }) => start_s - 0.5 <= t && t <= end_s + 0.5,
    );
    const reason = fired
      ? "The detector was 87 % sure, above the 60 % that the watch asks for."
      : "Nothing of that kind was in view; the gate stood at 0.12, below 0.60.";
    return { t, why: fired ? "fired" : "gate", text: reason };
  }

  /** The first watch fires now. */
  fire() {
    const watch = [...this.watches.values()].find(({ state }) => state === "armed");
    const finding = watch && findings(this.log.stored, watch).at(-1);
    if (!watch || !finding) return;
    watch.alerts += 1;
    watch.last_s = finding.start_s;
    this.log.append({ ...finding });
  }
}
