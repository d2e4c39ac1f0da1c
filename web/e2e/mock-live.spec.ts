/** A live conversation, with every word known: against the mock, which has no WebRTC. */

import type { APIRequestContext } from "@playwright/test";

import { expect, expectAccessible, openSession, picture, test, themes } from "./support";

interface Calls {
  calls: { received: Record<string, number>; mode: { answer: string } | null }[];
}

async function calls(request: APIRequestContext): Promise<Calls["calls"]> {
  return ((await (await request.get("/mock/calls")).json()) as Calls).calls;
}

test.beforeEach(async ({ page, request, expectErrors }) => {
  expectErrors(/501/); // no WebRTC here: that is what falls back to the socket
  await request.post("/mock/reset");
  await page.goto("./");
});

test("from the start page into a call, by the socket where WebRTC is not to be had", async ({
  page,
  request,
}) => {
  await page.getByRole("button", { name: "Use camera and microphone" }).click();
  await expect(page.getByRole("heading", { name: /^live-\d\d-\d\d/, level: 1 })).toBeVisible();
  await expect(page.getByTestId("voice")).toHaveText("Listening");
  await expect(page.getByText("using a slower way")).toBeVisible();
  const preview = page.getByLabel("What your camera shows");
  await expect
    .poll(() => preview.evaluate((video: HTMLVideoElement) => video.videoWidth))
    .toBeGreaterThan(0);
  // Sound and pictures really go out.
  await expect
    .poll(async () => (await calls(request))[0]?.received["input_audio_buffer.append"] ?? 0)
    .toBeGreaterThan(10);
  await expect
    .poll(async () => (await calls(request))[0]?.received["input_video_buffer.append"] ?? 0)
    .toBeGreaterThan(1);
  await page.getByRole("button", { name: "Turn camera off" }).click();
  await expect(page.getByText("The camera is off")).toBeVisible();
  await page.getByRole("button", { name: "Turn camera on" }).click();
  await expect(preview).toBeVisible();
  await page.getByRole("button", { name: "Mute microphone" }).click();
  await expect(page.getByTestId("voice")).toHaveText("Microphone off");
  await page.getByRole("button", { name: "Hang up" }).click();
  await expect(page.getByRole("button", { name: "Use camera and microphone" })).toBeVisible();
  await expect.poll(async () => (await calls(request)).length).toBe(0);
});

test("asked aloud, answered, kept: captions, states, evidence, latency, reload", async ({
  page,
  request,
}) => {
  await openSession(page, "kitchen");
  await page.getByRole("button", { name: "Use camera and microphone" }).click();
  const voice = page.getByTestId("voice");
  await expect(voice).toHaveText("Listening");
  const question = "Where is the blue folder?";
  await request.post(`/mock/say?text=${encodeURIComponent(question)}`);
  await expect(voice).toHaveText("Hears you");
  await expect(page.getByTestId("draft")).toContainText("where is");
  await expect(voice).toHaveText("Thinking");
  await expect(voice).toHaveText("Speaking");
  const exchange = page.getByRole("article", { name: question });
  await expect(exchange.locator(".answer-text")).toContainText("second drawer");
  await expect(voice).toHaveText("Listening", { timeout: 15_000 });
  await expect(page.getByTestId("draft")).toHaveCount(0);
  await expect(page.getByRole("article")).toHaveCount(1);
  await exchange.getByText("Where the time went").click();
  await expect(exchange.getByRole("row", { name: /first sound/ })).toContainText("1.0 s");
  await picture(page, "call-answered");
  await exchange.getByRole("button", { name: "0:18–0:21 speech" }).click();
  await expect(page.locator(".preview[data-small=true]")).toBeVisible();
  await page.reload();
  await expect(exchange.locator(".answer-text")).toContainText("second drawer");
  await expect(exchange.getByText("Asked aloud")).toBeAttached();
  await expect(exchange.getByText("Where the time went")).toBeVisible();
});

test("what people say to each other is no part of the dialogue", async ({ page, request }) => {
  await openSession(page, "kitchen");
  await page.getByRole("button", { name: "Use camera and microphone" }).click();
  await expect(page.getByTestId("voice")).toHaveText("Listening");
  await request.post("/mock/say?text=Pass+me+the+salt&addressed=false");
  await expect(page.getByTestId("draft")).toContainText("pass me");
  await expect(page.getByTestId("draft")).toHaveCount(0);
  await expect(page.getByRole("article")).toHaveCount(0);
});

test("an interrupted answer is shown as heard and not heard", async ({ page }) => {
  await openSession(page, "kitchen");
  await page.getByRole("button", { name: "Use camera and microphone" }).click();
  await expect(page.getByTestId("voice")).toHaveText("Listening");
  await page.getByRole("textbox", { name: "Your question" }).fill("What was said?");
  await page.keyboard.press("Enter");
  await expect(page.getByTestId("voice")).toHaveText("Speaking");
  await page.getByRole("button", { name: "Stop speaking" }).click();
  await expect(page.getByTestId("voice")).toHaveText("Listening");
  const exchange = page.getByRole("article", { name: "What was said?" });
  await expect(exchange.getByText("You interrupted here")).toBeVisible();
  await expect(exchange.locator(".unheard")).toContainText("half past four");
  await expect(page.getByRole("article")).toHaveCount(1);
  await picture(page, "call-interrupted");
});

test("a typed question while it speaks ends that answer first", async ({ page }) => {
  await openSession(page, "kitchen");
  await page.getByRole("button", { name: "Use camera and microphone" }).click();
  await expect(page.getByTestId("voice")).toHaveText("Listening");
  const box = page.getByRole("textbox", { name: "Your question" });
  await box.fill("What was said?");
  await box.press("Enter");
  await expect(page.getByTestId("voice")).toHaveText("Speaking");
  await box.fill("Where is the blue folder?");
  await box.press("Enter");
  const second = page.getByRole("article", { name: "Where is the blue folder?" });
  await expect(second.locator(".answer-text")).toContainText("second drawer");
  await expect(page.getByRole("article")).toHaveCount(2);
});

test("push to talk: by button and by the space bar", async ({ page, request }) => {
  await openSession(page, "kitchen");
  await page.getByRole("button", { name: "Use camera and microphone" }).click();
  await expect(page.getByTestId("voice")).toHaveText("Listening");
  await page.getByRole("button", { name: "Devices and answers" }).click();
  await page.getByRole("combobox", { name: "Answer" }).selectOption("push_to_talk");
  await expect.poll(async () => (await calls(request))[0]?.mode?.answer).toBe("push_to_talk");
  await expect(page.getByTestId("voice")).toHaveText("Waits for the button");
  const hold = page.getByRole("button", { name: /Hold to talk/ });
  await hold.hover();
  await page.mouse.down();
  await expect(page.getByTestId("voice")).toHaveText("Listening: let go to ask");
  await page.mouse.up();
  const committed = async () => (await calls(request))[0]?.received["input_audio_buffer.commit"];
  await expect.poll(committed).toBe(1);
  await page.getByRole("heading", { level: 1 }).click();
  await page.keyboard.down(" ");
  await expect(page.getByTestId("voice")).toHaveText("Listening: let go to ask");
  await page.keyboard.up(" ");
  await expect.poll(committed).toBe(2);
  await picture(page, "call-push-to-talk");
});

test("a lost line is taken up again by itself", async ({ page, request }) => {
  await openSession(page, "kitchen");
  await page.getByRole("button", { name: "Use camera and microphone" }).click();
  await expect(page.getByTestId("voice")).toHaveText("Listening");
  await request.post("/mock/hangup");
  await expect(page.getByTestId("voice")).toHaveText(/Connecting again/);
  await expect(page.getByTestId("voice")).toHaveText("Listening");
  await page.getByRole("textbox", { name: "Your question" }).fill("What was said?");
  await page.keyboard.press("Enter");
  await expect(page.getByTestId("voice")).toHaveText("Speaking");
});

const PROBLEMS = [
  ["NotAllowedError", "does not let this page use"],
  ["NotFoundError", "No camera and no microphone was found"],
  ["NotReadableError", "in use by another program"],
] as const;
for (const [name, words] of PROBLEMS) {
  test(`${name} is put in plain words`, async ({ page }) => {
    await page.addInitScript((error) => {
      navigator.mediaDevices.getUserMedia = () =>
        Promise.reject(new DOMException("made up", error));
    }, name);
    await page.reload();
    await page.getByRole("button", { name: "Use camera and microphone" }).click();
    await expect(page.getByRole("alert")).toContainText(words);
  });
}

test("an address that is not safe is told apart", async ({ page }) => {
  await page.addInitScript(() => {
    Object.defineProperty(navigator, "mediaDevices", { value: undefined });
  });
  await page.reload();
  await page.getByRole("button", { name: "Use camera and microphone" }).click();
  await expect(page.getByRole("alert")).toContainText("https");
});

for (const theme of themes) {
  test(`a call is accessible and pictured, ${theme}`, async ({ page, request }) => {
    await page.emulateMedia({ colorScheme: theme });
    await page.setViewportSize({ width: 1440, height: 900 });
    await openSession(page, "kitchen");
    await page.getByRole("button", { name: "Use camera and microphone" }).click();
    await expect(page.getByTestId("voice")).toHaveText("Listening");
    await request.post("/mock/say?text=What+was+said%3F");
    await expect(page.getByTestId("voice")).toHaveText("Speaking");
    await page.getByRole("button", { name: "Devices and answers" }).click();
    await expectAccessible(page);
    await picture(page, `call-${theme}`);
    await page.setViewportSize({ width: 390, height: 844 });
    await expectAccessible(page);
    await picture(page, `phone-call-${theme}`);
  });
}
