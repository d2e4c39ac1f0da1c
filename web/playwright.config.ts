import { defineConfig } from "@playwright/test";

import { launchOptions } from "./e2e/chromium.js";

// Against a real server where OMNILIVE_URL names one, else against the mock.
const real = process.env.OMNILIVE_URL;
const port = process.env.MOCK_PORT ?? "8765";

export default defineConfig({
  testDir: "e2e",
  testMatch: real ? "page.spec.ts" : "*.spec.ts",
  outputDir: "test-artifacts/playwright",
  workers: 1,
  timeout: 60_000,
  expect: { timeout: 10_000 },
  reporter: "list",
  use: {
    baseURL: real ?? `http://127.0.0.1:${port}`,
    browserName: "chromium",
    viewport: { width: 1280, height: 800 },
    launchOptions,
    trace: "retain-on-failure",
  },
  ...(!real && {
    webServer: {
      command: "node e2e/mock/run.js",
      env: { PORT: port },
      url: `http://127.0.0.1:${port}/v1/sessions`,
      reuseExistingServer: false,
    },
  }),
});
