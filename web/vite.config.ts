import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

// Where `npm run dev` finds a server: `npm run mock` or `omnilive serve`.
const server = process.env.OMNILIVE_URL ?? "http://127.0.0.1:8080";

export default defineConfig({
  plugins: [react()],
  base: "./",
  build: {
    outDir: "../src/omnilive/server/page",
    emptyOutDir: true,
    target: "es2022",
    // Everything is a file of its own, so that a strict Content-Security-Policy can forbid `data:`.
    assetsInlineLimit: 0,
  },
  server: { proxy: { "/v1": server } },
  test: { include: ["src/**/*.test.ts"], environment: "node" },
});
