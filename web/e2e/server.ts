/** The real server, with real models, for one test file: on a free port, with a data folder of its own. */

import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { WebSocket } from "ws";

const root = fileURLToPath(new URL("../..", import.meta.url));
const bin = join(root, ".venv", "bin");

/** Why there is no real server here; null where there is one. */
export function missing(): string | null {
  return existsSync(join(bin, "omnilive")) ? null : `no ${bin}/omnilive: run “make setup” first`;
}

/** What the fake camera and microphone play, made anew. */
export function makeSenses(folder: string): void {
  const script = fileURLToPath(new URL("make-senses.py", import.meta.url));
  execFileSync(join(bin, "python"), [script, folder], { stdio: "pipe" });
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => probe.once("listening", resolve));
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

export class RealServer {
  /** Made when it starts: the file that names a server is read by processes that start none. */
  #folder = "";
  #child: ChildProcess | null = null;
  #port = 0;
  log = "";

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Start it, or start it again on the same port and data. */
  async start(): Promise<void> {
    this.#port ||= await freePort();
    this.#folder ||= mkdtempSync(join(tmpdir(), "omnilive-e2e-"));
    const env = { ...process.env, OMNILIVE_DATA: join(this.#folder, "sessions") };
    const child = spawn(join(bin, "omnilive"), ["serve", "--port", String(this.#port)], { env });
    child.stdout.on("data", (text) => (this.log += String(text)));
    child.stderr.on("data", (text) => (this.log += String(text)));
    this.#child = child;
    for (let tries = 0; tries < 300; tries += 1) {
      if (child.exitCode !== null) break;
      const answered = await fetch(`${this.url}/readyz`).catch(() => null);
      if (answered?.ok) return;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    throw new Error(`the server did not start:\n${this.log}`);
  }

  /** Have it load its models: one typed question, by the same way as the page's calls. */
  async warm(): Promise<void> {
    const headers = { "Content-Type": "application/json" };
    const body = JSON.stringify({ id: "warm" });
    await fetch(`${this.url}/v1/sessions`, { method: "POST", headers, body });
    const socket = new WebSocket(`${this.url.replace("http", "ws")}/v1/realtime?session=warm`);
    const send = (event: object) => socket.send(JSON.stringify(event));
    await new Promise<void>((resolve, reject) => {
      socket.on("error", reject);
      socket.on("message", (data) => {
        const { type } = JSON.parse((data as Buffer).toString()) as { type: string };
        if (type === "response.done") resolve();
      });
      socket.on("open", () => {
        send({ type: "input_audio_buffer.append", audio: Buffer.alloc(48_000).toString("base64") });
        const content = [{ type: "input_text", text: "What was said?" }];
        const item = { type: "message", role: "user", content };
        send({ type: "conversation.item.create", item });
        send({ type: "response.create" });
      });
    });
    socket.close();
    await fetch(`${this.url}/v1/sessions/warm`, { method: "DELETE" });
  }

  /** As a crash would: no time to say goodbye. */
  async kill(signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    const child = this.#child;
    if (child?.exitCode !== null) return;
    const gone = new Promise((resolve) => child.once("exit", resolve));
    child.kill(signal);
    const late = setTimeout(() => child.kill("SIGKILL"), 20_000);
    await gone;
    clearTimeout(late);
  }

  async close(): Promise<void> {
    await this.kill("SIGTERM");
    if (this.#folder !== "") rmSync(this.#folder, { recursive: true, force: true });
  }
}
