/** Memory in its owner's hands: pin, correct and forget a moment where it is shown. */

import { expect, expectAccessible, openSession, picture, test, themes } from "./support";

test.beforeEach(async ({ page, request }) => {
  await request.post("/mock/reset");
  await page.goto("./");
});

test("a moment is pinned, and let go again", async ({ page }) => {
  await openSession(page, "kitchen");
  const pin = page.getByRole("button", { name: "Keep 0:00–0:06 as it is" });
  await expect(pin).toHaveAttribute("aria-pressed", "false");
  await pin.click();
  await expect(pin).toHaveAttribute("aria-pressed", "true");
  await pin.click();
  await expect(pin).toHaveAttribute("aria-pressed", "false");
});

test("a misheard word is corrected, and the server's refusal is shown", async ({
  page,
  expectErrors,
}) => {
  expectErrors(/400/);
  await openSession(page, "kitchen");
  await page.getByRole("button", { name: "Correct what is remembered of 0:00–0:06" }).click();
  const field = page
    .getByRole("textbox", { name: "Text, corrected" })
    .or(page.getByRole("textbox", { name: /, corrected$/ }))
    .first();
  const save = page.getByRole("button", { name: "Save" }).first();
  await expect(save).toBeDisabled();
  await field.fill("break");
  await save.click();
  await expect(page.getByText("still goes on")).toBeVisible();
  await field.fill("quite another word");
  await save.click();
  const memory = page.getByRole("list", { name: "Memory" });
  await expect(memory.getByText("quite another word")).toBeVisible();
});

test("a moment is forgotten only after it was asked", async ({ page }) => {
  await openSession(page, "kitchen");
  const button = page.getByRole("button", { name: "Forget 0:00–0:06…" });
  await button.click();
  await page.getByRole("dialog").getByRole("button", { name: "Cancel" }).click();
  await expect(button).toBeVisible();
  await button.click();
  await page.getByRole("dialog").getByRole("button", { name: "Forget 0:00–0:06" }).click();
  await expect(button).toHaveCount(0);
});

for (const theme of themes) {
  test(`how coarse and how full memory is, ${theme}`, async ({ page }) => {
    await page.emulateMedia({ colorScheme: theme });
    await openSession(page, "kitchen");
    await expect(page.getByText("merged from 40 moments")).toBeVisible();
    await expect(page.getByText("9 of 50,000 moments")).toBeVisible();
    await page
      .getByRole("button", { name: /^Correct what/ })
      .first()
      .click();
    await expectAccessible(page);
    await picture(page, `memory-${theme}`);
  });
}
