// Reading requests and writing replies.
import { createReadStream, existsSync, statSync } from "node:fs";
import { extname, join, normalize } from "node:path";

/** @typedef {import("node:http").IncomingMessage} Request */
/** @typedef {import("node:http").ServerResponse} Response */

/** An error with a status: what the real server sends for bad input. */
export class Failure extends Error {
  /** @param {number} status @param {string} code @param {string} message */
  constructor(status, code, message) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** @param {Response} response @param {number} status @param {unknown} [body] */
export function reply(response, status, body) {
  response.writeHead(status, { "Content-Type": "application/json" });
  response.end(body === undefined ? undefined : JSON.stringify(body));
}

/** @param {Request} request @returns {Promise<string>} */
export async function bodyOf(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(/** @type {Buffer} */ (chunk));
  return Buffer.concat(chunks).toString();
}

/** @type {Record<string, string>} */
const TYPES = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
  ".webm": "video/webm",
};

/** A file, or the part of it that is asked for. @param {Request} request @param {Response} response @param {string} path */
export function sendFile(request, response, path) {
  if (!existsSync(path)) throw new Failure(404, "not_found", "no such file");
  const size = statSync(path).size;
  const type = TYPES[extname(path)] ?? "application/octet-stream";
  const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? "");
  const start = Number(range?.[1] ?? 0);
  const end = Math.min(size - 1, range?.[2] ? Number(range[2]) : size - 1);
  response.writeHead(range ? 206 : 200, {
    "Content-Type": type,
    "Content-Length": end - start + 1,
    "Accept-Ranges": "bytes",
    // As strict as a server can be: the page must do with it.
    "Content-Security-Policy": "default-src 'self'; object-src 'none'; base-uri 'none'",
    ...(range && { "Content-Range": `bytes ${start}-${end}/${size}` }),
  });
  createReadStream(path, { start, end }).pipe(response);
}

/** @param {string} folder @param {string} path */
export function inside(folder, path) {
  return join(folder, normalize(path === "/" ? "/index.html" : path));
}
