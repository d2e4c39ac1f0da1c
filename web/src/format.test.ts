import { expect, test } from "vitest";

import { age, bytes, clock, seconds, sourceName, span } from "./format";

test.each([
  [0, "0:00"],
  [9.99, "0:09"],
  [75.4, "1:15"],
  [599, "9:59"],
  [3600, "1:00:00"],
  [36_061, "10:01:01"],
  [-3, "0:00"],
  [Number.NaN, "0:00"],
])("clock(%d) is %s", (value, text) => {
  expect(clock(value)).toBe(text);
});

test("a span names both ends only where they differ", () => {
  expect(span(12, 15.5)).toBe("0:12–0:15");
  expect(span(12.1, 12.8)).toBe("0:12");
});

test.each([
  [0, "0 B"],
  [999, "999 B"],
  [1500, "1.5 kB"],
  [12_400_000, "12 MB"],
  [999_600, "1.0 MB"],
])("bytes(%d) is %s", (count, text) => {
  expect(bytes(count)).toBe(text);
});

test("age is relative for a week, then a date", () => {
  expect(age(1000, 1030)).toBe("just now");
  expect(age(1000, 1000 + 300)).toBe("5 minutes ago");
  expect(age(0, 86_400)).toBe("yesterday");
  expect(age(0, 30 * 86_400)).toContain("1970");
});

test("seconds lose their decimal when there are many", () => {
  expect(seconds(0.94)).toBe("0.9 s");
  expect(seconds(12.3)).toBe("12 s");
});

test("a source is called by the last part of its address", () => {
  expect(sourceName("/videos/My Kitchen.mp4")).toBe("My Kitchen.mp4");
  expect(sourceName("rtsp://cam.local:554/stream/?a=b")).toBe("stream");
  expect(sourceName("webcam")).toBe("webcam");
});
