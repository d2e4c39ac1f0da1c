/**
 * What must hold against any server that has a session with speech in it. Against a real one:
 * OMNILIVE_URL its address, OMNILIVE_SESSION the session (default: the oldest finished one),
 * OMNILIVE_QUESTION what to ask.
 */

import type { APIRequestContext } from "@playwright/test";

import type { Moment, Session } from "../src/api/types";
import {
  expect,
  expectAccessible,
  openSession,
  picture,
  shownSecond,
  test,
  themes,
} from "./support";

const QUESTION = process.env.OMNILIVE_QUESTION ?? "What was said?";
const FILTER_NAMES = { speech: "Speech", object: "Objects", text: "Text", sound: "Sounds" };
const PHONE = { width: 390, height: 844 };

async function wantedSession(request: APIRequestContext): Promise<string> {
  const { sessions } = (await (await request.get("/v1/sessions")).json()) as {
    sessions: Session[];
  };
  const named = process.env.OMNILIVE_SESSION ?? (process.env.OMNILIVE_URL ? null : "kitchen");
  const id = named ?? sessions.find((session) => !session.running && session.moments > 0)?.id;
  if (id === undefined) throw new Error("the server has no finished session to test with");
  return id;
}

/** A moment not at the very start, and a fact of it, to look for on the page. */
async function something(request: APIRequestContext, id: string) {
  const response = await request.get(`/v1/sessions/${encodeURIComponent(id)}/timeline`);
  const { moments } = (await response.json()) as { moments: Moment[] };
  const facts = moments
    .flatMap((moment) => moment.facts)
    .filter((fact) => fact.kind in FILTER_NAMES);
  const speech = facts.find((fact) => fact.kind === "speech" && fact.start_s >= 2);
  const fact = speech ?? facts.find((known) => known.start_s >= 2);
  if (!fact) throw new Error(`nothing in ${id} to test with`);
  return fact;
}

let session = "";
test.beforeEach(async ({ page, request }) => {
  session = await wantedSession(request);
  await page.goto("./");
});

test("the list leads into a session", async ({ page }) => {
  await expect(page.getByRole("heading", { name: "Sessions", level: 1 })).toBeVisible();
  await page.getByRole("link", { name: session, exact: true }).click();
  await expect(page.getByRole("heading", { name: session, level: 1 })).toBeVisible();
  await expect(
    page.getByRole("list", { name: "Memory" }).getByRole("listitem").first(),
  ).toBeVisible();
  await expect(page.getByRole("region", { name: "Player" })).toBeVisible();
});

test("a thing remembered seeks the player and lights its moment", async ({ page, request }) => {
  const fact = await something(request, session);
  await openSession(page, session);
  const words = fact.text.split(/\s+/);
  await page.getByRole("searchbox").fill(words.slice(0, 3).join(" "));
  const results = page.getByRole("list", { name: "Search the memory" });
  await expect(results.getByRole("button").first()).toBeVisible();
  await results
    .getByRole("button")
    .filter({ hasText: words[0] ?? "" })
    .first()
    .click();
  await page.getByRole("button", { name: "Clear search" }).click();
  await expect(page.locator(".moment[data-lit=true]").first()).toBeVisible();
});

test("the timeline seeks, and a filter leaves only its kind", async ({ page, request }) => {
  const fact = await something(request, session);
  await openSession(page, session);
  const name = FILTER_NAMES[fact.kind as keyof typeof FILTER_NAMES];
  await page.getByRole("group", { name: "Show only" }).getByRole("button", { name }).click();
  const facts = page.locator(".fact");
  await expect(facts.first()).toBeVisible();
  await expect(page.locator(`.fact:not([data-kind=${fact.kind}])`)).toHaveCount(0);
  await facts.filter({ hasText: fact.text }).first().click();
  await expect.poll(() => shownSecond(page)).toBe(Math.floor(fact.start_s));
});

test("a question is answered, and its evidence seeks", async ({ page }) => {
  test.slow();
  await openSession(page, session);
  await page.getByRole("textbox", { name: "Your question" }).fill(QUESTION);
  await page.getByRole("textbox", { name: "Your question" }).press("Enter");
  const exchange = page.getByRole("article", { name: QUESTION }).last();
  await expect(exchange.locator(".answer-text")).toBeVisible({ timeout: 60_000 });
  const chip = exchange.getByRole("list", { name: "Evidence" }).getByRole("button").last();
  await chip.hover();
  await expect(page.getByRole("tooltip")).toBeVisible();
  await chip.click();
  const start = ((await chip.textContent()) ?? "").split(/[–\s]/)[0] ?? "";
  await expect(page.getByTestId("time")).toContainText(start);
  await expect(page.locator(".moment[data-lit=true]").first()).toBeVisible();
  const video = page.locator("video");
  if ((await video.count()) > 0) {
    const position = () => video.evaluate((element: HTMLVideoElement) => element.currentTime);
    await expect.poll(position).toBeGreaterThanOrEqual(0);
  }
});

test("an empty question is refused in place", async ({ page }) => {
  await openSession(page, session);
  await page.getByRole("button", { name: "Ask", exact: true }).click();
  await expect(page.getByText("Type a question first.")).toBeVisible();
});

test("deleting asks first, and can be called off", async ({ page }) => {
  await page.getByRole("button", { name: `Delete session ${session}`, exact: true }).click();
  const dialog = page.getByRole("dialog");
  await expect(dialog).toContainText("cannot be undone");
  await expect(dialog.getByRole("button", { name: "Cancel" })).toBeFocused();
  await page.keyboard.press("Escape");
  await expect(dialog).toHaveCount(0);
  await expect(page.getByRole("link", { name: session, exact: true })).toBeVisible();
});

test("an unknown session says so", async ({ page, expectErrors }) => {
  expectErrors(/404/);
  await page.goto("./#/sessions/no-such-session-here");
  await expect(page.getByRole("alert")).toBeVisible();
  await page.getByRole("link", { name: "Back to all sessions" }).click();
  await expect(page.getByRole("heading", { name: "Sessions", level: 1 })).toBeVisible();
});

test("the keyboard alone gets everywhere", async ({ page }) => {
  await openSession(page, session);
  await page.keyboard.press("Tab");
  await expect(page.getByRole("link", { name: "Skip to content" })).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("main")).toBeFocused();
  await page.keyboard.press("Control+k");
  await expect(page.getByRole("searchbox")).toBeFocused();
  const rows = page.getByRole("list", { name: "Memory" }).locator(":scope > li");
  await rows.first().getByRole("button").first().focus();
  await page.keyboard.press("ArrowDown");
  await expect(rows.nth(1).getByRole("button").first()).toBeFocused();
});

for (const theme of themes) {
  test(`accessible and pictured, ${theme}`, async ({ page }) => {
    await page.emulateMedia({ colorScheme: theme });
    await expect(page.getByRole("link", { name: session, exact: true })).toBeVisible();
    await page.waitForLoadState("networkidle").catch(() => undefined);
    await expectAccessible(page);
    await picture(page, `list-${theme}`);
    await openSession(page, session);
    await expect(page.locator(".moment").first()).toBeVisible();
    await expectAccessible(page);
    await picture(page, `session-${theme}`);
    await page.setViewportSize(PHONE);
    await expect(page.getByRole("tab", { name: "Memory" })).toBeVisible();
    await expectAccessible(page);
    await picture(page, `phone-ask-${theme}`);
    await page.getByRole("tab", { name: "Memory" }).click();
    await expect(page.locator(".moment").first()).toBeVisible();
    await expectAccessible(page);
    await picture(page, `phone-memory-${theme}`);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth);
    expect(wide).toBeLessThanOrEqual(PHONE.width);
  });
}

test("the theme can be chosen, and is kept", async ({ page }) => {
  await page.emulateMedia({ colorScheme: "light" });
  const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const light = await ground();
  await page.getByRole("button", { name: "Theme: as the system" }).click();
  await page.getByRole("button", { name: "Theme: light" }).click();
  await expect(page.getByRole("button", { name: "Theme: dark" })).toBeVisible();
  expect(await ground()).not.toBe(light);
  await page.reload();
  await expect(page.getByRole("button", { name: "Theme: dark" })).toBeVisible();
  expect(await ground()).not.toBe(light);
});
