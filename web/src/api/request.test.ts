import { afterEach, expect, test, vi } from "vitest";

import { ApiError, errorFromBody, request } from "./request";

afterEach(() => {
  vi.unstubAllGlobals();
});

function answerWith(status: number, body: string): void {
  vi.stubGlobal("fetch", () => Promise.resolve(new Response(body, { status })));
}

test("the server's own message is shown", () => {
  const body = JSON.stringify({ error: { code: "unknown_session", message: "no session x" } });
  expect(errorFromBody(404, body)).toMatchObject({
    status: 404,
    code: "unknown_session",
    message: "no session x",
  });
});

test.each(["", "<h1>Bad gateway</h1>", "null", '{"error":{}}', '{"detail":"x"}'])(
  "a body without a message (%s) still says what happened",
  (body) => {
    const error = errorFromBody(502, body);
    expect(error.code).toBe("http");
    expect(error.message).toContain("502");
  },
);

test("a failed response is an ApiError", async () => {
  answerWith(409, JSON.stringify({ error: { code: "exists", message: "taken" } }));
  await expect(request("/v1/sessions")).rejects.toThrow(new ApiError(409, "exists", "taken"));
});

test("a server that is away is an ApiError", async () => {
  vi.stubGlobal("fetch", () => Promise.reject(new TypeError("Failed to fetch")));
  await expect(request("/v1/sessions")).rejects.toMatchObject({ code: "unreachable", status: 0 });
});

test("an aborted request stays what it is", async () => {
  const abort = new AbortController();
  abort.abort();
  vi.stubGlobal("fetch", () => Promise.reject(new DOMException("", "AbortError")));
  await expect(request("/", { signal: abort.signal })).rejects.toMatchObject({
    name: "AbortError",
  });
});

test("no content is undefined, nonsense is an error", async () => {
  vi.stubGlobal("fetch", () => Promise.resolve(new Response(null, { status: 204 })));
  expect(await request("/")).toBeUndefined();
  answerWith(200, "{");
  await expect(request("/")).rejects.toMatchObject({ code: "body" });
});
