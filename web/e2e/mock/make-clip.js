// Draws `kitchen.webm`, the mock's playable source: node e2e/mock/make-clip.js (needs ffmpeg).
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

import { chromium } from "@playwright/test";

import { launchOptions } from "../chromium.js";
import { scene } from "./scene.js";

const SECONDS = 60;
const RATE_HZ = 4;
const clip = fileURLToPath(new URL("kitchen.webm", import.meta.url));

const browser = await chromium.launch(launchOptions);
const page = await browser.newPage({ viewport: { width: 480, height: 270 } });
const ffmpeg = spawn(
  "ffmpeg",
  // A quiet tone, so that there is something to mute; a key frame a second, so that it seeks fast.
  `-y -v error -f image2pipe -r ${RATE_HZ} -i - -f lavfi -i sine=frequency=330:duration=${SECONDS}
   -c:v libvpx-vp9 -crf 46 -b:v 0 -g ${RATE_HZ} -pix_fmt yuv420p -af volume=0.05 -c:a libopus -b:a 8k -ac 1 -shortest`
    .split(/\s+/)
    .concat(clip),
  { stdio: ["pipe", "inherit", "inherit"] },
);
for (let frame = 0; frame < SECONDS * RATE_HZ; frame += 1) {
  await page.setContent(`<style>body{margin:0}</style>${scene(frame / RATE_HZ)}`);
  ffmpeg.stdin.write(await page.screenshot());
}
ffmpeg.stdin.end();
await browser.close();
