/** Starting to watch, and what goes wrong: against the mock. */

import { expect, openSession, picture, shownSecond, test } from "./support";

test.beforeEach(async ({ page, request }) => {
  await request.post("/mock/reset");
  await page.goto("./");
});

test("a session is made, watches, and is deleted", async ({ page }) => {
  await page.getByRole("textbox", { name: "Address of a stream" }).fill("/videos/My Hall.mp4");
  await page.getByRole("button", { name: "Start watching" }).click();
  await expect(page.getByRole("heading", { name: "my-hall", level: 1 })).toBeVisible();
  await expect(page.getByText("Watching My Hall.mp4")).toBeVisible();
  await page.getByRole("button", { name: "Stop watching My Hall.mp4" }).click();
  await expect(page.getByText("Watched My Hall.mp4 to its end")).toBeVisible();
  await page.getByRole("button", { name: "Delete session" }).first().click();
  await picture(page, "delete-dialog");
  await page.getByRole("dialog").getByRole("button", { name: "Delete session" }).click();
  await expect(page.getByRole("link", { name: "kitchen" })).toBeVisible();
  await expect(page.getByRole("link", { name: "my-hall" })).toHaveCount(0);
});

test("a file is uploaded", async ({ page }) => {
  await page.getByRole("tab", { name: "Upload a file" }).click();
  const buffer = Buffer.alloc(2_000_000);
  await page
    .getByLabel("Choose a video or sound file")
    .setInputFiles({ name: "porch.mp4", mimeType: "video/mp4", buffer });
  await expect(page.getByText("2.0 MB")).toBeVisible();
  await picture(page, "upload");
  await page.getByRole("button", { name: "Start watching" }).click();
  await expect(page.getByRole("heading", { name: "porch", level: 1 })).toBeVisible();
  await expect(page.locator("video")).toBeVisible();
  await expect.poll(() => shownSecond(page)).toBeGreaterThan(1);
  await page.getByRole("button", { name: "Pause" }).click();
  await expect(page.getByRole("button", { name: "Go to live" })).toBeVisible();
});

test("an upload shows its progress and can be called off", async ({ page, context }) => {
  const network = await context.newCDPSession(page);
  await network.send("Network.emulateNetworkConditions", {
    offline: false,
    latency: 0,
    downloadThroughput: -1,
    uploadThroughput: 300_000,
  });
  await page.getByRole("tab", { name: "Upload a file" }).click();
  const buffer = Buffer.alloc(3_000_000);
  await page
    .getByLabel("Choose a video or sound file")
    .setInputFiles({ name: "attic.mp4", mimeType: "video/mp4", buffer });
  await page.getByRole("button", { name: "Start watching" }).click();
  await expect(page.getByText(/Uploading [1-9]\d? %/)).toBeVisible();
  await picture(page, "uploading");
  await page.getByRole("button", { name: "Cancel" }).click();
  await expect(page.getByRole("button", { name: "Start watching" })).toBeEnabled();
  await expect(page.getByRole("alert")).toHaveCount(0);
  await expect(page.getByRole("link", { name: "attic" })).toHaveCount(0);
});

test("a session deleted elsewhere is said to be gone", async ({ page, request, expectErrors }) => {
  expectErrors(/404|ERR_/);
  await openSession(page, "front-door");
  await expect(page.getByText("Watching stream, at")).toBeVisible();
  await request.delete("/v1/sessions/front-door");
  await expect(page.getByRole("alert")).toContainText("no session");
});

test("errors are shown where they happen", async ({ page, expectErrors }) => {
  expectErrors(/4\d\d|5\d\d/);
  await page.getByRole("textbox", { name: "Address of a stream" }).fill("/videos/missing.mp4");
  await page.getByRole("button", { name: "Start watching" }).click();
  await expect(page.getByRole("alert")).toContainText("no such file");
  await picture(page, "watch-error");
  await page.getByRole("textbox", { name: "Session name" }).fill("kitchen");
  await page.getByRole("button", { name: "Create without a source" }).click();
  await expect(page.getByRole("alert")).toContainText("exists already");

  await openSession(page, "kitchen");
  await page.getByRole("textbox", { name: "Your question" }).fill("break it");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("article").getByRole("alert")).toContainText("omnilive models pull");
  await page.getByRole("searchbox").fill("break");
  await expect(page.getByText("The search index is damaged.")).toBeVisible();
  await picture(page, "errors");
});

test("a server that is away is named, and comes back", async ({ page, expectErrors }) => {
  expectErrors(/ERR_FAILED|Failed to load/);
  await page.route("**/v1/sessions", (route) => route.abort());
  await page.reload();
  await expect(page.getByRole("alert")).toContainText("cannot be reached");
  await page.unroute("**/v1/sessions");
  await page.getByRole("button", { name: "Try again" }).click();
  await expect(page.getByRole("link", { name: "kitchen" })).toBeVisible();
});
