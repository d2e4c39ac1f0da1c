/** Watches, alerts, forgetting, languages, many moments: against the mock. */

import type { Page } from "@playwright/test";

import { expect, expectAccessible, openSession, picture, test, themes } from "./support";

test.beforeEach(async ({ page, request }) => {
  await request.post("/mock/reset");
  await page.goto("./");
});

test("a watch is made in plain words, tried, fires, is explained, paused and deleted", async ({
  page,
  request,
}) => {
  await openSession(page, "kitchen");
  await page.getByRole("tab", { name: "Watches" }).click();
  const words = page.getByRole("textbox", { name: "Tell me when…" });
  await words.fill("Tell me when it gets funny");
  await page.getByRole("button", { name: "Check" }).click();
  await expect(page.getByText("What should I look or listen for?")).toBeVisible();
  await expect(page.getByRole("button", { name: "Arm", exact: true })).toHaveCount(0);
  await words.fill("Tell me when the cat comes in");
  await page.getByRole("button", { name: "Check" }).click();
  await expect(page.getByText("Each time a cat appears")).toBeVisible();
  const form = page.getByRole("form", { name: "Tell me when…" });
  await form.getByRole("button", { name: "Try on the past" }).click();
  await expect(form).toContainText("It would have fired 1 time:");
  await picture(page, "watch-understood");
  await page.getByRole("button", { name: "Arm", exact: true }).click();
  const card = page.getByRole("list", { name: "Your watches" }).getByRole("listitem").first();
  await expect(card).toContainText("armed");
  await card.getByRole("button", { name: "Try on the past" }).click();
  await expect(card).toContainText("It would have fired 1 time:");
  await card.getByRole("button", { name: "0:31" }).click();
  await expect(page.getByTestId("time")).toContainText("0:31");

  await request.post("/mock/fire");
  const toast = page.getByRole("log", { name: "Alerts" });
  await expect(toast).toContainText("A cat appeared.");
  const alert = page.getByRole("list", { name: "Alerts" }).getByRole("listitem").first();
  await expect(alert).toContainText("87 % sure");
  await expect(card).toContainText("fired 1 time");
  await alert.getByRole("button", { name: "Why?" }).click();
  await expect(alert).toContainText("above the 60 %");
  await card.getByRole("button", { name: "Why not?" }).click();
  await card.getByRole("textbox", { name: "At" }).fill("0:05");
  await expect(card).toContainText("Stayed silent. Nothing of that kind");
  await picture(page, "watch-fired");
  await toast.getByRole("button", { name: "Dismiss" }).click();
  await expect(toast).not.toContainText("A cat appeared.");

  await card.getByRole("button", { name: "Edit" }).click();
  await card.getByRole("textbox", { name: "Tell me when…" }).fill("Tell me when a person appears");
  await card.getByRole("button", { name: "Check" }).click();
  await card.getByRole("button", { name: "Save" }).click();
  await expect(card).toContainText("Each time a person appears");
  await card.getByRole("button", { name: "Pause" }).click();
  await expect(card).toContainText("paused");
  await card.getByRole("button", { name: "Delete" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await expect(page.getByText("No watches yet.")).toBeVisible();
  await page.reload();
  await page.getByRole("tab", { name: "Watches" }).click();
  await expect(page.getByRole("list", { name: "Alerts" })).toContainText("A cat appeared.");
});

for (const theme of themes) {
  test(`watches are accessible and pictured, ${theme}`, async ({ page, request }) => {
    await page.emulateMedia({ colorScheme: theme });
    await page.setViewportSize({ width: 1440, height: 900 });
    for (const text of ["Tell me when a cat appears", "Warn me when a person is at the door"]) {
      await request.post("/v1/sessions/kitchen/watches", { data: { text } });
    }
    await openSession(page, "kitchen");
    await page.getByRole("tab", { name: "Watches" }).click();
    await request.post("/mock/fire");
    await expect(page.getByRole("log", { name: "Alerts" })).toContainText("A cat appeared.");
    await page.getByRole("list", { name: "Alerts" }).getByRole("button", { name: "Why?" }).click();
    await expectAccessible(page);
    await picture(page, `watches-${theme}`);
    await page.setViewportSize({ width: 390, height: 844 });
    await page.getByRole("tab", { name: "Watches" }).click();
    await expectAccessible(page);
    await picture(page, `phone-watches-${theme}`);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth);
    expect(wide).toBeLessThanOrEqual(390);
  });
}

test("a span is forgotten after asking", async ({ page }) => {
  await openSession(page, "kitchen");
  await expect(page.getByText("BACK AT 5 PM")).toBeVisible();
  await page.getByRole("button", { name: "Forget a span…" }).click();
  const form = page.getByRole("form", { name: "Forget a span" });
  await form.getByRole("textbox", { name: "From" }).fill("0:07");
  await form.getByRole("textbox", { name: "To" }).fill("3");
  await form.getByRole("button", { name: /^Forget/ }).click();
  await expect(form.getByRole("alert")).toContainText("the first one smaller");
  await form.getByRole("textbox", { name: "To" }).fill("0:11");
  await picture(page, "forget");
  await form.getByRole("button", { name: "Forget 0:07–0:11" }).click();
  const dialog = page.getByRole("dialog");
  await expect(dialog).toContainText("cannot be undone");
  await dialog.getByRole("button", { name: "Forget 0:07–0:11" }).click();
  await expect(page.getByText("BACK AT 5 PM")).toHaveCount(0);
  await expect(page.getByRole("list", { name: "Memory" })).toContainText("cup appeared");
});

test("the seconds of an evidence play as a clip", async ({ page }) => {
  await openSession(page, "kitchen");
  await page.getByRole("textbox", { name: "Your question" }).fill("Where is the blue folder?");
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: "0:18–0:21 speech" }).click();
  await page.getByRole("button", { name: "Play 0:18–0:21" }).click();
  const film = page.getByRole("dialog").locator("video");
  await expect.poll(() => film.evaluate((video: HTMLVideoElement) => video.readyState)).toBe(4);
  await page.getByRole("button", { name: "Close the clip" }).click();
  await expect(film).toHaveCount(0);
});

for (const [language, name, words] of [
  ["zh-CN", "zh", "会话"],
  ["ko-KR", "ko", "세션"],
] as const) {
  test.describe(name, () => {
    test.use({ locale: language });
    test(`the browser's language is spoken, ${name}`, async ({ page }) => {
      await expect(page.getByRole("heading", { level: 1 })).toHaveText(words);
      await expect(page.locator("html")).toHaveAttribute("lang", name);
      await picture(page, `list-${name}`);
      await openSession(page, "kitchen");
      await expect(page.locator(".moment").first()).toBeVisible();
      await page.setViewportSize({ width: 1440, height: 900 });
      await expectAccessible(page);
      await picture(page, `session-${name}`);
      await page.locator(".language").selectOption("en");
      await expect(page.getByRole("heading", { name: "Conversation" })).toBeVisible();
      await page.reload();
      await expect(page.getByRole("heading", { name: "Conversation" })).toBeVisible();
    });
  });
}

/** Frame times, in ms, while the list is scrolled in small steps and, now and then, far. */
function scrolled(page: Page): Promise<{ median: number; p95: number }> {
  return page.evaluate(async () => {
    const scroller = document.querySelector(".memory .scroller");
    if (!scroller) throw new Error("no list to scroll");
    const gaps: number[] = [];
    scroller.scrollTop = 0;
    let last = await new Promise<number>(requestAnimationFrame);
    for (let step = 0; step < 100; step += 1) {
      scroller.scrollTop += step % 10 === 9 ? scroller.scrollHeight / 12 : 120;
      const now = await new Promise<number>(requestAnimationFrame);
      gaps.push(now - last);
      last = now;
    }
    gaps.sort((a, b) => a - b);
    return { median: gaps[50] ?? 0, p95: gaps[95] ?? 0 };
  });
}

test("ten thousand moments scroll as smoothly as five hundred", async ({ page }) => {
  test.slow();
  await openSession(page, "long-year");
  const memory = page.getByRole("list", { name: "Memory" });
  await expect(memory.locator("li").first()).toHaveAttribute("aria-setsize", "500");
  const few = await scrolled(page);
  await page.evaluate(() => {
    const load = () => document.querySelector<HTMLButtonElement>(".earlier")?.click();
    const timer = window.setInterval(load, 20);
    window.setTimeout(() => window.clearInterval(timer), 20_000);
  });
  await expect(memory.locator("li").first()).toHaveAttribute("aria-setsize", "10000", {
    timeout: 20_000,
  });
  const many = await scrolled(page);
  const told = [few, many].map(({ median, p95 }) => `${median.toFixed(0)}/${p95.toFixed(0)} ms`);
  console.log(`frames, median/p95: 500 moments ${told[0] ?? ""}, 10,000 ${told[1] ?? ""}`);
  // Against itself: how fast a frame is at all depends on the machine.
  expect(many.median).toBeLessThan(few.median * 1.5 + 8);
  expect(many.p95).toBeLessThan(few.p95 * 1.5 + 34);
  expect(await page.locator(".moment").count()).toBeLessThan(60);
});
