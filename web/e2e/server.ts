/** The real server, with real models, for one test file: on a free port, with a data folder of its own. */

import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

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
  readonly folder = mkdtempSync(join(tmpdir(), "omnilive-e2e-"));
  #child: ChildProcess | null = null;
  #port = 0;
  log = "";

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Start it, or start it again on the same port and data. */
  async start(): Promise<void> {
    this.#port ||= await freePort();
    const env = { ...process.env, OMNILIVE_DATA: join(this.folder, "sessions") };
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

  /** As a crash would: no time to say goodbye. */
  async kill(signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    const child = this.#child;
    if (child?.exitCode !== null) return;
    const gone = new Promise((resolve) => child.once("exit", resolve));
    child.kill(signal);
    await gone;
  }

  async close(): Promise<void> {
    await this.kill("SIGTERM");
    rmSync(this.folder, { recursive: true, force: true });
  }
}
