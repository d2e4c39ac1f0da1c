/** What every test of the page shares: a watch on the console, an accessibility scan, pictures. */

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

import { expect, test as base, type Page } from "@playwright/test";
import type { AxeResults } from "axe-core";

const axeSource = readFileSync(
  createRequire(import.meta.url).resolve("axe-core/axe.min.js"),
  "utf8",
);

/** A page that fails the test when it logs an error which was not announced. */
export const test = base.extend<{ expectErrors: (pattern: RegExp) => void }>({
  expectErrors: [
    async ({ page }, use) => {
      const errors: string[] = [];
      let expected: RegExp | null = null;
      page.on("console", (message) => {
        if (message.type() === "error") errors.push(message.text());
      });
      page.on("pageerror", (error) => errors.push(error.message));
      await use((pattern) => {
        expected = pattern;
      });
      expect(errors.filter((error) => !expected?.test(error))).toEqual([]);
    },
    { auto: true },
  ],
});

/** No serious or critical accessibility finding on what is shown now. */
export async function expectAccessible(page: Page): Promise<void> {
  await page.evaluate(axeSource); // not as a script tag: a strict server forbids those
  const results = await page.evaluate(async () => {
    const { axe } = window as unknown as { axe: { run: () => Promise<AxeResults> } };
    return axe.run();
  });
  const grave = results.violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" | ")}`);
  expect(grave).toEqual([]);
}

export async function picture(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: `test-artifacts/${name}.png`, animations: "disabled" });
}

export const themes = ["light", "dark"] as const;

/** The second that the player stands at. */
export async function shownSecond(page: Page): Promise<number> {
  const label = (await page.getByTestId("time").textContent()) ?? "";
  const shown = label.split("/")[0] ?? "";
  return shown.split(":").reduce((total, part) => total * 60 + Number(part), 0);
}

export async function openSession(page: Page, id: string): Promise<void> {
  await page.goto(`./#/sessions/${encodeURIComponent(id)}`);
  await expect(page.getByRole("heading", { name: id, level: 1 })).toBeVisible();
}

export { expect };
