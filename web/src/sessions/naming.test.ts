import { expect, test } from "vitest";

import { freeName, nameFor, paceFor } from "./naming";

test("a session is named after its source", () => {
  expect(nameFor("/videos/My Kitchen.mp4")).toBe("my-kitchen");
  expect(nameFor("rtsp://cam.local/stream1")).toBe("stream1");
  expect(nameFor("/videos/厨房.mp4")).toBe("session");
});

test("a taken name gets a number", () => {
  expect(freeName("a", [])).toBe("a");
  expect(freeName("a", ["a", "a-2"])).toBe("a-3");
});

test("streams are watched at the speed of life, files as fast as can be", () => {
  expect(paceFor("rtsp://cam.local/1", false)).toBe("live");
  expect(paceFor("https://example.org/live.m3u8", false)).toBe("live");
  expect(paceFor("/dev/video0", false)).toBe("live");
  expect(paceFor("/videos/a.mp4", false)).toBe("fast");
  expect(paceFor("/videos/a.mp4", true)).toBe("live");
});
