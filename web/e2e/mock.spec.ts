/** What can be pinned down only where every word the server says is known: against the mock. */

import {
  expect,
  expectAccessible,
  openSession,
  picture,
  shownSecond,
  test,
  themes,
} from "./support";

test.beforeEach(async ({ page, request }) => {
  await request.post("/mock/reset");
  await page.goto("./");
});

test("captions grow, settle, and become part of the timeline", async ({ page }) => {
  await openSession(page, "front-door");
  const captions = page.getByRole("region", { name: "Captions" });
  await expect(captions.locator("[data-settled=false]")).toHaveText(/^the parcel/);
  await picture(page, "captions-partial");
  await expect(captions.locator("[data-settled=true]").last()).toHaveText(
    "The parcel is by the blue door.",
  );
  await expect(captions.locator("[data-settled=false]")).toHaveCount(0);
  const memory = page.getByRole("list", { name: "Memory" });
  await expect(memory.getByText("The parcel is by the blue door.")).toBeVisible();
  await expect(memory.getByText("cat appeared")).toBeVisible();
  await expect(page.getByText("Watching stream, at")).toBeVisible();
  await picture(page, "live");
});

test("a lost stream is taken up again from its cursor, each event once", async ({
  page,
  request,
}) => {
  const cursors: string[] = [];
  page.on("request", (sent) => {
    const url = new URL(sent.url());
    if (url.pathname.endsWith("/events")) cursors.push(url.searchParams.get("after") ?? "");
  });
  await openSession(page, "front-door");
  const memory = page.getByRole("list", { name: "Memory" });
  await expect(memory.getByText("The parcel is by the blue door.")).toBeVisible();
  await request.post("/mock/drop");
  await expect(page.getByText("Lost the connection to OmniLive")).toBeVisible();
  await expect(page.getByText("Lost the connection to OmniLive")).toHaveCount(0);
  await expect(memory.getByText("I will come back at five.")).toBeVisible({ timeout: 15_000 });
  await expect(memory.getByText("The parcel is by the blue door.")).toHaveCount(1);
  expect(Number(cursors.at(-1))).toBeGreaterThan(0);
});

test("the evidence of an answer moves the video", async ({ page }) => {
  await openSession(page, "kitchen");
  await page.getByRole("textbox", { name: "Your question" }).fill("Where is the blue folder?");
  await page.getByRole("button", { name: "Ask", exact: true }).click();
  await expect(page.getByText("Looking through memory…")).toBeVisible();
  const exchange = page.getByRole("article", { name: "Where is the blue folder?" });
  await expect(exchange.locator(".answer-text")).toContainText("second drawer");
  await expect(page.getByRole("article")).toHaveCount(1);
  const chip = exchange.getByRole("button", { name: "0:18–0:21 speech" });
  await chip.click();
  await expect
    .poll(() => page.locator("video").evaluate((video: HTMLVideoElement) => video.currentTime))
    .toBeCloseTo(18.1, 0);
  await expect(page.locator(".moment[data-lit=true]")).toContainText("second drawer");
  await expect(page.getByRole("region", { name: "Captions" })).toContainText("second drawer");
  await expect(page.getByRole("tooltip").locator("img")).toBeVisible();
  await picture(page, "answer");
  await expect(page).toHaveURL(/t=18\.1/);
});

test("a question can be limited to what was known then", async ({ page }) => {
  await page.goto("./#/sessions/kitchen?t=20");
  await page.getByLabel("Only what was known at 0:20").check();
  await page.getByRole("textbox", { name: "Your question" }).fill("Did a cat come?");
  await page.keyboard.press("Enter");
  const exchange = page.getByRole("article");
  await expect(exchange).toContainText("as of 0:20");
  await expect(exchange).toContainText("Not supported by memory");
});

test("the video plays, and captions follow it", async ({ page }) => {
  await page.goto("./#/sessions/kitchen?t=17.5");
  await page.getByRole("button", { name: "Play" }).click();
  await expect.poll(() => shownSecond(page)).toBeGreaterThan(18);
  await expect(page.getByRole("region", { name: "Captions" })).toContainText("second drawer");
  await page.getByRole("button", { name: "Pause" }).click();
  await page.getByRole("slider", { name: "Position" }).press("ArrowLeft");
  await expect.poll(() => shownSecond(page)).toBeLessThan(17);
});

test("pictures stand in where nothing can be played, and old moments are loaded", async ({
  page,
}) => {
  await openSession(page, "long-night");
  await expect(page.locator(".screen > img")).toBeVisible();
  await page.getByRole("button", { name: "Show earlier moments" }).click();
  await page.getByRole("button", { name: "Show earlier moments" }).click();
  await expect(page.getByText("Something number 1.", { exact: true })).toBeVisible();
  expect(await page.locator(".moment").count()).toBeLessThan(40);
  await page.getByRole("button", { name: "Play" }).click();
  await expect.poll(() => shownSecond(page)).toBeGreaterThan(0);
});

for (const theme of themes) {
  test(`an empty server tells a newcomer what to do, ${theme}`, async ({ page }) => {
    await page.emulateMedia({ colorScheme: theme });
    await page.route("**/v1/sessions", (route) => route.fulfill({ json: { sessions: [] } }));
    await page.reload();
    await expect(page.getByRole("heading", { name: "Nothing watched yet" })).toBeVisible();
    await expectAccessible(page);
    await picture(page, `empty-${theme}`);
  });

  test(`an answered question is accessible and pictured, ${theme}`, async ({ page }) => {
    await page.emulateMedia({ colorScheme: theme });
    await page.setViewportSize({ width: 1440, height: 900 });
    await openSession(page, "kitchen");
    for (const question of ["What was said?", "Where is the bicycle?"]) {
      await page.getByRole("textbox", { name: "Your question" }).fill(question);
      await page.keyboard.press("Enter");
      await expect(page.getByRole("article", { name: question }).locator(".answer")).toBeVisible();
    }
    await page.getByRole("button", { name: "0:26–0:29 speech" }).focus();
    await expectAccessible(page);
    await picture(page, `answered-${theme}`);
    await page.getByRole("searchbox").fill("kettle meeting");
    await expect(page.getByText("1 result")).toBeVisible();
    await expectAccessible(page);
    await page.setViewportSize({ width: 1920, height: 1080 });
    await picture(page, `wide-${theme}`);
    await page.setViewportSize({ width: 390, height: 844 });
    await picture(page, `phone-answer-${theme}`);
    await page.setViewportSize({ width: 844, height: 390 });
    await picture(page, `landscape-${theme}`);
  });
}
