/**
 * A live conversation with the real server and real models: the camera shows a real clip, the
 * microphone plays real speech, and what comes back is measured.
 */

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import type { Page } from "@playwright/test";

import { launchOptions } from "./chromium.js";
import { makeSenses, missing, RealServer } from "./server";
import { expect, expectAccessible, test } from "./support";

const artifacts = fileURLToPath(new URL("artifacts", import.meta.url));
const senses = join(artifacts, "senses");
const server = new RealServer();

test.skip(missing() !== null, missing() ?? "");
test.describe.configure({ mode: "serial" });
test.use({
  trace: "off", // it takes pictures all the time, and the models need the processor
  launchOptions: {
    ...launchOptions,
    args: [
      ...launchOptions.args,
      `--use-file-for-fake-video-capture=${join(senses, "camera.y4m")}`,
      `--use-file-for-fake-audio-capture=${join(senses, "microphone.wav")}%noloop`,
    ],
  },
});

test.beforeAll(async () => {
  test.setTimeout(180_000);
  mkdirSync(senses, { recursive: true });
  makeSenses(senses);
  await server.start();
  await server.warm();
});
test.afterAll(async () => {
  test.setTimeout(60_000);
  await server.close();
  writeFileSync(join(artifacts, "server.log"), server.log);
});

function picture(page: Page, name: string) {
  return page.screenshot({ path: join(artifacts, `${name}.png`), animations: "disabled" });
}

interface Watched {
  peers: RTCPeerConnection[];
}

/** Keep hold of the page's peer connections, to measure what they receive. */
async function watchPeers(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const watched = window as unknown as Watched;
    watched.peers = [];
    window.RTCPeerConnection = class extends RTCPeerConnection {
      constructor(config?: RTCConfiguration) {
        super(config);
        watched.peers.push(this);
      }
    };
  });
}

/** Energy of all sound received so far: silence adds nothing to it. */
function heardEnergy(page: Page): Promise<number> {
  return page.evaluate(async () => {
    const peer = (window as unknown as Watched).peers.at(-1);
    for (const each of (await peer?.getStats())?.values() ?? []) {
      const report = each as Record<string, unknown>;
      if (report.type === "inbound-rtp" && report.kind === "audio") {
        return Number(report.totalAudioEnergy ?? 0);
      }
    }
    return 0;
  });
}

const voice = (page: Page) => page.getByTestId("voice");
const QUESTION = /where(’s|'s| is) the red folder/i;

test("allow, see captions, ask aloud, hear and read the answer, interrupt, reload", async ({
  page,
}) => {
  test.setTimeout(600_000);
  await watchPeers(page);
  await page.setViewportSize({ width: 1440, height: 900 });
  await page.goto(server.url);
  await page.getByRole("button", { name: "Use camera and microphone" }).click();
  await expect(voice(page)).toHaveText("Listening", { timeout: 90_000 });
  await expect(page.getByText("using a slower way")).toHaveCount(0);

  const captions = page.getByRole("region", { name: "Captions" });
  await expect(captions).toContainText(/red folder/i, { timeout: 120_000 });
  await picture(page, "live-captions");

  const before = await heardEnergy(page);
  const exchange = page.getByRole("article", { name: QUESTION });
  await expect(exchange).toBeVisible({ timeout: 120_000 });
  await expect(exchange.getByText("Asked aloud")).toBeAttached();
  await expect(voice(page)).toHaveText("Speaking", { timeout: 120_000 });
  await picture(page, "live-speaking");
  await expect(exchange.locator(".answer-text")).toContainText(/drawer/i, { timeout: 120_000 });
  await expect.poll(() => heardEnergy(page)).toBeGreaterThan(before + 0.001);
  await expect(voice(page)).toHaveText("Listening", { timeout: 120_000 });
  const heard = (await heardEnergy(page)) - before;
  console.log(`energy of the spoken answer: ${heard.toFixed(4)}`);

  await exchange.getByText("Where the time went").click();
  await expect(exchange.getByRole("row", { name: /first sound/ })).toBeVisible();
  const latency = await exchange.getByRole("row").allTextContents();
  console.log(`latency: ${latency.join(", ")}`);
  await expectAccessible(page);
  await picture(page, "live-light");
  await page.emulateMedia({ colorScheme: "dark" });
  await expectAccessible(page);
  await picture(page, "live-dark");
  await page.emulateMedia({ colorScheme: "light" });

  const chip = exchange.getByRole("list", { name: "Evidence" }).getByRole("button").first();
  const start = ((await chip.textContent()) ?? "").split(/[–\s]/)[0] ?? "";
  await chip.click();
  await expect(page.getByTestId("time")).toContainText(start);
  await expect(page.locator(".preview[data-small=true]")).toBeVisible();
  await page.getByRole("button", { name: "Go to live" }).click();

  await page.getByRole("textbox", { name: "Your question" }).fill("What was said?");
  await page.keyboard.press("Enter");
  await expect(voice(page)).toHaveText("Speaking", { timeout: 120_000 });
  await page.getByRole("button", { name: "Stop speaking" }).click();
  const typed = page.getByRole("article", { name: "What was said?" });
  await expect(typed.locator(".interrupted")).toBeVisible({ timeout: 60_000 });
  await page.waitForTimeout(500); // what was on its way has arrived
  const cut = await heardEnergy(page);
  await page.waitForTimeout(1000);
  expect((await heardEnergy(page)) - cut).toBeLessThan(0.0005);
  await picture(page, "live-interrupted");

  await page.setViewportSize({ width: 390, height: 844 });
  await expectAccessible(page);
  await picture(page, "live-phone");
  await page.setViewportSize({ width: 1440, height: 900 });

  await page.reload();
  await expect(exchange.locator(".answer-text")).toContainText(/drawer/i);
  await expect(typed.locator(".interrupted")).toBeVisible();
  await expect(page.getByRole("article")).toHaveCount(3); // what it was told is a turn as well
  await expect(page.getByRole("list", { name: "Memory" })).toContainText(/red folder/i);
  await picture(page, "live-reloaded");
});

test("killed in mid-call and started again: the call comes back, the dialogue goes on", async ({
  page,
  expectErrors,
}) => {
  test.setTimeout(400_000);
  expectErrors(/ERR_|Failed to load/);
  await page.goto(server.url);
  await page.locator(".session-link").first().click();
  await expect(page.getByRole("article", { name: QUESTION })).toBeVisible();
  await page.getByRole("button", { name: "Use camera and microphone" }).click();
  await expect(voice(page)).toHaveText("Listening", { timeout: 90_000 });
  await server.kill();
  await expect(page.getByText("Lost the connection to OmniLive")).toBeVisible();
  await server.start();
  await expect(page.getByText("Lost the connection to OmniLive")).toHaveCount(0, {
    timeout: 60_000,
  });
  await expect(voice(page)).toHaveText(/Connecting/, { timeout: 90_000 });
  await expect(voice(page)).toHaveText("Listening", { timeout: 120_000 });
  await expect(page.getByRole("article", { name: QUESTION })).toHaveCount(1);
  await page.getByRole("textbox", { name: "Your question" }).fill("Where is the red folder?");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("article", { name: QUESTION })).toHaveCount(2);
  const again = page.getByRole("article", { name: QUESTION }).last();
  await expect(again.locator(".answer-text")).toContainText(/drawer/i, { timeout: 120_000 });
  await page.getByRole("button", { name: "Hang up" }).click();
  await expect(voice(page)).toHaveCount(0);
});

test("where nothing but web traffic gets through, the call goes by WebSocket", async ({ page }) => {
  test.setTimeout(300_000);
  // The handshake succeeds, and no packet ever arrives.
  await page.addInitScript(() => {
    window.RTCPeerConnection = class extends RTCPeerConnection {
      constructor(config?: RTCConfiguration) {
        super({ ...config, iceTransportPolicy: "relay" });
      }
    };
  });
  await page.goto(server.url);
  await page.locator(".session-link").first().click();
  await page.getByRole("button", { name: "Use camera and microphone" }).click();
  await expect(page.getByText("using a slower way")).toBeVisible({ timeout: 120_000 });
  await expect(voice(page)).toHaveText("Listening");
  await page.getByRole("textbox", { name: "Your question" }).fill("What was said first?");
  await page.keyboard.press("Enter");
  await expect(voice(page)).toHaveText("Speaking", { timeout: 120_000 });
  await expect(voice(page)).toHaveText("Listening", { timeout: 120_000 });
});

test("a watch in plain words fires on a real clip, and says why", async ({ page, request }) => {
  test.setTimeout(400_000);
  await page.setViewportSize({ width: 1440, height: 900 });
  await request.post(`${server.url}/v1/sessions`, { data: { id: "sample" } });
  await page.goto(`${server.url}/#/sessions/sample`);
  await page.getByRole("tab", { name: "Watches" }).click();
  const form = page.getByRole("form", { name: "Tell me when…" });
  await form.getByRole("textbox").fill("Tell me when a cat appears");
  await form.getByRole("button", { name: "Check" }).click();
  await expect(form.locator(".understood")).toContainText(/cat/i, { timeout: 120_000 });
  await picture(page, "real-watch-understood");
  await form.getByRole("button", { name: "Arm", exact: true }).click();
  const card = page.getByRole("list", { name: "Your watches" }).getByRole("listitem").first();
  await expect(card).toContainText("armed", { timeout: 30_000 });

  const url = fileURLToPath(new URL("../../examples/sample.mp4", import.meta.url));
  await request.post(`${server.url}/v1/sessions/sample/sources`, { data: { url, pace: "fast" } });
  await expect(page.getByRole("log", { name: "Alerts" })).toContainText(/cat/i, {
    timeout: 150_000,
  });
  const alert = page.getByRole("list", { name: "Alerts" }).getByRole("listitem").first();
  await expect(alert.locator(".thumb img")).toBeVisible();
  await alert.getByRole("button", { name: "Why?" }).click();
  await expect(alert).toContainText("Fired", { timeout: 30_000 });
  await card.getByRole("button", { name: "Try on the past" }).click();
  await expect(card).toContainText(/would have fired \d/, { timeout: 30_000 });
  await card.getByRole("button", { name: "Why not?" }).click();
  await card.getByRole("textbox", { name: "At" }).fill("0:05");
  await expect(card).toContainText("Stayed silent", { timeout: 30_000 });
  await expectAccessible(page);
  await picture(page, "real-watch-fired");
});
