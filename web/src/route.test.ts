import { expect, test } from "vitest";

import { parseRoute, sessionHref } from "./route";

test("what is written is read back", () => {
  expect(parseRoute(sessionHref("front door/1", 12.34))).toEqual({
    view: "session",
    id: "front door/1",
    t: 12.3,
  });
  expect(parseRoute(sessionHref("kitchen"))).toEqual({ view: "session", id: "kitchen", t: null });
});

test("anything else is the list", () => {
  expect(parseRoute("")).toEqual({ view: "sessions" });
  expect(parseRoute("#/nowhere")).toEqual({ view: "sessions" });
});
