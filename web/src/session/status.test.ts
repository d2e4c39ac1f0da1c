import { expect, test } from "vitest";

import { source } from "./fakes";
import { nameOf, perceptionHealth } from "./status";

test("how perception keeps up is said in plain words, and only when there is something to say", () => {
  expect(perceptionHealth(source())).toBe("");
  expect(perceptionHealth(source({ lag_s: 0.4, dropped: 0 }))).toBe("");
  expect(perceptionHealth(source({ lag_s: 2.1, dropped: 3 }))).toBe(
    "2.1 s behind · pictures skipped: 3",
  );
});

test("a caller is named by what they send", () => {
  expect(nameOf(source({ url: "push:whip-1" }))).toBe("camera and microphone");
  expect(nameOf(source({ url: "/videos/hall.mp4" }))).toBe("hall.mp4");
});
