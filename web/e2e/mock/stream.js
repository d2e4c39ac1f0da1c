// The event log of one session as server-sent events; the running one grows while it is watched.
import { ROUND_S, roundOf } from "./script.js";

/** @typedef {import("./data.js").Stored} Stored */
/** @typedef {import("node:http").ServerResponse} Response */

export class EventLog {
  /** @param {Stored} stored */
  constructor(stored) {
    this.stored = stored;
    /** @type {Set<Response>} */
    this.listeners = new Set();
    /** @type {NodeJS.Timeout[]} */
    this.timers = [];
    this.round = 0;
    this.start_s = stored.session.duration_s;
  }

  /** @param {Record<string, unknown>} event Partial percepts are sent, and not kept. */
  append(event) {
    const { session, log, moments } = this.stored;
    let id = "";
    if (event.final !== false) {
      session.events += 1;
      event = { seq: session.events, ...event };
      log.push(event);
      id = `id: ${session.events}\n`;
    }
    if (event.type === "moment") {
      const moment = /** @type {unknown} */ ({ ...event, facts: [] });
      moments.push(/** @type {import("../../src/api/types").Moment} */ (moment));
      session.moments = moments.length;
      session.duration_s = Number(event.end_s);
    }
    const text = `${id}event: ${String(event.type)}\ndata: ${JSON.stringify(event)}\n\n`;
    for (const listener of this.listeners) listener.write(text);
  }

  /** @param {Response} response @param {number} after */
  follow(response, after) {
    response.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-store" });
    response.write(": open\n\n");
    for (const event of /** @type {{seq: number, type: string}[]} */ (this.stored.log)) {
      if (event.seq <= after) continue;
      response.write(`id: ${event.seq}\nevent: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
    }
    this.listeners.add(response);
    response.on("close", () => {
      this.listeners.delete(response);
      if (this.listeners.size === 0) this.rest();
    });
    if (this.stored.session.running && this.timers.length === 0) this.play();
  }

  play() {
    const from_s = this.start_s + this.round * ROUND_S;
    this.timers = roundOf(this.round, from_s).map(({ delay_s, event }) =>
      setTimeout(() => this.append(event), delay_s * 1000),
    );
    this.round += 1;
    this.timers.push(setTimeout(() => this.play(), ROUND_S * 1000));
    const source = this.stored.sources[0];
    if (source) source.position_s = from_s;
  }

  rest() {
    this.timers.forEach(clearTimeout);
    this.timers = [];
  }

  /** End every stream, as a server does that is started anew. */
  drop() {
    for (const listener of this.listeners) listener.end();
  }
}
