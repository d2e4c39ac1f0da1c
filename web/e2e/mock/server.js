// A stand-in for `omnilive serve`: the built page, and canned answers over the same HTTP contract.
import { createServer } from "node:http";
import { fileURLToPath } from "node:url";

import { answer, search } from "./answers.js";
import { freshSessions, makeSession, makeSource } from "./data.js";
import { bodyOf, Failure, inside, reply, sendFile } from "./http.js";
import { serveCalls } from "./realtime.js";
import { scene } from "./scene.js";
import { EventLog } from "./stream.js";
import { preview, WatchBook } from "./watches.js";

/** @typedef {import("./http.js").Request} Request */
/** @typedef {import("./http.js").Response} Response */

const PAGE = fileURLToPath(new URL("../../../src/omnilive/server/page", import.meta.url));
const CLIP = fileURLToPath(new URL("kitchen.webm", import.meta.url));

const ABOUT = { version: "mock", ice_servers: [], voice: { name: "tone", languages: ["en"] } };

let sessions = freshSessions();
/** @type {Map<string, EventLog>} */
let logs = new Map();

/** @param {string} id */
function stored(id) {
  const found = sessions.get(id);
  if (!found) throw new Failure(404, "unknown_session", `There is no session “${id}”.`);
  return found;
}

/** @type {Map<string, WatchBook>} */
let books = new Map();
/** @type {Set<import("./realtime.js").Caller>} */
let callers = new Set();

/** @param {string} id */
function bookOf(id) {
  const book = books.get(id) ?? new WatchBook(logOf(id));
  books.set(id, book);
  return book;
}

/** @param {string} id */
function logOf(id) {
  const log = logs.get(id) ?? new EventLog(stored(id));
  logs.set(id, log);
  return log;
}

/** @param {Request} request @param {Response} response @param {string} id */
async function addSource(request, response, id) {
  const { session, sources } = stored(id);
  const body = await bodyOf(request);
  const uploaded = /filename="([^"]*)"/.exec(body)?.[1];
  const url = uploaded ?? String(JSON.parse(body).url);
  if (url.includes("missing")) {
    throw new Failure(400, "source", `${url}: no such file. Check the path on the server.`);
  }
  const source = makeSource({
    id: sources.length + 1,
    url,
    state: "live",
    duration_s: 60,
    playable: uploaded !== undefined,
  });
  sources.push(source);
  session.running = true;
  reply(response, 201, source);
}

/** @param {Request} request @param {Response} response @param {string} id */
async function ask(request, response, id) {
  const { question, t } = JSON.parse(await bodyOf(request));
  if (question.includes("break")) {
    throw new Failure(503, "model_missing", "The answering model is missing: omnilive models pull");
  }
  const given = answer(stored(id), question, t);
  await new Promise((resolve) => setTimeout(resolve, 400));
  logOf(id).append({ ...given });
  reply(response, 200, given);
}

/** @param {Request} request @param {Response} response @param {URL} url */
async function serve(request, response, url) {
  const { method } = request;
  const [id = "", part, number, leaf] = url.pathname
    .replace("/v1/sessions", "")
    .split("/")
    .slice(1)
    .map(decodeURIComponent);
  const named = number && number !== "preview" && number !== "dry-run" ? "N" : number;
  const route = `${method} ${[id && "ID", part, named, leaf].filter(Boolean).join("/")}`;
  switch (route) {
    case "GET ":
      return reply(response, 200, { sessions: [...sessions.values()].map((s) => s.session) });
    case "POST ": {
      const name = String(JSON.parse(await bodyOf(request)).id);
      if (sessions.has(name)) {
        throw new Failure(409, "session_exists", `A session named “${name}” exists already.`);
      }
      const made = { session: makeSession(name), sources: [], moments: [], log: [] };
      sessions.set(name, made);
      return reply(response, 201, made.session);
    }
    case "GET ID":
      return reply(response, 200, stored(id).session);
    case "DELETE ID":
      stored(id);
      sessions.delete(id);
      return reply(response, 204);
    case "GET ID/sources":
      return reply(response, 200, { sources: stored(id).sources });
    case "POST ID/sources":
      return addSource(request, response, id);
    case "DELETE ID/sources/N": {
      const source = stored(id).sources.find((known) => known.id === Number(number));
      if (source) source.state = "ended";
      return reply(response, 204);
    }
    case "GET ID/sources/N/media":
      return sendFile(request, response, CLIP);
    case "POST ID/ask":
      return ask(request, response, id);
    case "GET ID/events":
      return logOf(id).follow(response, Number(url.searchParams.get("after") ?? 0));
    case "GET ID/timeline": {
      const before_s = Number(url.searchParams.get("before_s") ?? Infinity);
      const limit = Number(url.searchParams.get("limit") ?? 500);
      const { session, moments } = stored(id);
      const older = moments.filter((moment) => moment.start_s < before_s);
      const shown = older.slice(-limit).map((moment) => ({
        ...moment,
        pinned: pinsOf(id).some((p) => p.start_s < moment.end_s && p.end_s > moment.start_s),
      }));
      return reply(response, 200, { duration_s: session.duration_s, moments: shown });
    }
    case "GET ID/search": {
      const q = url.searchParams.get("q") ?? "";
      if (q === "break") throw new Failure(500, "index", "The search index is damaged.");
      const limit = Number(url.searchParams.get("limit") ?? 20);
      return reply(response, 200, { results: search(stored(id), q, limit) });
    }
    case "GET ID/clip.mp4":
      return sendFile(request, response, CLIP);
    case "POST ID/whip":
      throw new Failure(501, "no_webrtc", "The mock has no WebRTC.");
    case "DELETE ID/memory":
      forget(id, Number(url.searchParams.get("start_s")), Number(url.searchParams.get("end_s")));
      return reply(response, 204);
    case "GET ID/memory": {
      const { moments } = stored(id);
      const used = moments.length * 9_000;
      return reply(response, 200, {
        held: {
          moments: { used: moments.length, budget: 50_000 },
          bytes: { used, budget: 1_073_741_824 },
        },
      });
    }
    case "GET ID/pins":
      return reply(response, 200, { pins: pinsOf(id) });
    case "POST ID/pins": {
      const made = { id: pinsOf(id).length + 1, note: "", ...JSON.parse(await bodyOf(request)) };
      pins.set(id, [...pinsOf(id), made]);
      return reply(response, 201, made);
    }
    case "DELETE ID/pins/N":
      pins.set(
        id,
        pinsOf(id).filter((pin) => pin.id !== Number(number)),
      );
      return reply(response, 204);
    case "PATCH ID/facts/N": {
      const { text } = JSON.parse(await bodyOf(request));
      if (text === "break") throw new Failure(400, "config", "fact 1 still goes on");
      const facts = stored(id).moments.flatMap((moment) => moment.facts);
      const fact = facts.find((known) => known.id === Number(number));
      if (!fact) throw new Failure(404, "unknown_fact", `there is no fact ${number}`);
      fact.text = text;
      return reply(response, 200, fact);
    }
    case "GET ID/watches":
      return reply(response, 200, { watches: [...bookOf(id).watches.values()] });
    case "POST ID/watches":
      return reply(response, 201, bookOf(id).add(JSON.parse(await bodyOf(request)).text));
    case "POST ID/watches/preview":
      return reply(response, 200, preview(JSON.parse(await bodyOf(request)).text));
    case "POST ID/watches/dry-run":
      return reply(response, 200, {
        alerts: bookOf(id).tryOut(JSON.parse(await bodyOf(request)).text),
      });
    case "PATCH ID/watches/N":
      return reply(
        response,
        200,
        bookOf(id).change(number ?? "", JSON.parse(await bodyOf(request))),
      );
    case "DELETE ID/watches/N":
      bookOf(id).remove(number ?? "");
      return reply(response, 204);
    case "POST ID/watches/N/dry-run":
      return reply(response, 200, { alerts: bookOf(id).dryRun(number ?? "") });
    case "GET ID/watches/N/explain": {
      const t = Number(url.searchParams.get("t"));
      return reply(response, 200, bookOf(id).explain(number ?? "", t));
    }
    case "GET ID/alerts":
      return reply(response, 200, { alerts: bookOf(id).alerts });
    case "GET ID/keyframes/N": {
      const at = Number.parseInt(number ?? "0", 10);
      const moment = id === "kitchen" ? stored(id).moments[at - 1] : undefined;
      response.writeHead(200, { "Content-Type": "image/svg+xml", "Cache-Control": "max-age=60" });
      return response.end(scene(moment ? (moment.start_s + moment.end_s) / 2 : at));
    }
    default:
      throw new Failure(404, "not_found", `nothing at ${url.pathname}`);
  }
}

/** @type {Map<string, {id: number, start_s: number, end_s: number, note: string}[]>} */
const pins = new Map();

/** @param {string} id */
function pinsOf(id) {
  stored(id);
  return pins.get(id) ?? [];
}

/** @param {string} id @param {number} start_s @param {number} end_s */
function forget(id, start_s, end_s) {
  const found = stored(id);
  found.moments = found.moments.filter((each) => each.end_s <= start_s || each.start_s >= end_s);
  found.session.moments = found.moments.length;
  logOf(id).append({ type: "forgotten", t: end_s, start_s, end_s });
}

/** Only the mock has these: they bring about what a test cannot do from the page. @param {URL} url */
function control({ pathname: path, searchParams }) {
  if (path === "/mock/say") {
    const addressed = searchParams.get("addressed") !== "false";
    for (const caller of callers) void caller.say(searchParams.get("text") ?? "", addressed);
    return;
  }
  if (path === "/mock/fire") {
    for (const book of books.values()) book.fire();
    return;
  }
  if (path === "/mock/hangup") {
    for (const caller of callers) caller.socket.terminate();
    return;
  }
  for (const log of logs.values()) log.drop();
  if (path !== "/mock/reset") return;
  for (const log of logs.values()) log.rest();
  sessions = freshSessions();
  logs = new Map();
  books = new Map();
  pins.clear();
  for (const caller of callers) caller.socket.terminate();
}

export function mockServer() {
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? "/", "http://mock");
    const work = async () => {
      if (url.pathname === "/v1/about") return reply(response, 200, ABOUT);
      if (url.pathname.startsWith("/v1/sessions")) return serve(request, response, url);
      if (url.pathname === "/mock/calls") {
        const calls = [...callers].map(({ received, mode }) => ({ received, mode }));
        return reply(response, 200, { calls });
      }
      if (!url.pathname.startsWith("/mock/")) {
        return sendFile(request, response, inside(PAGE, url.pathname));
      }
      control(url);
      return reply(response, 204);
    };
    work().catch((error) => {
      const { status = 500, code = "internal", message } = error;
      reply(response, status, { error: { code, message } });
    });
  });
  callers = serveCalls(server, logOf);
  return server;
}
