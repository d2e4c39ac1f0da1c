/** One HTTP request, and the one error it can end in. */

import { t } from "../strings";

export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
  ) {
    super(message);
    this.name = "ApiError";
  }
}

/** Turn the body of a failed response into an error a person can read. */
export function errorFromBody(status: number, body: string): ApiError {
  const error = errorField(body);
  if (error) return new ApiError(status, error.code, error.message);
  return new ApiError(status, "http", t("error.status", { status }));
}

function errorField(body: string): { code: string; message: string } | null {
  try {
    const parsed = JSON.parse(body) as { error?: { code?: unknown; message?: unknown } } | null;
    const { code, message } = parsed?.error ?? {};
    if (typeof message !== "string" || message === "") return null;
    return { code: typeof code === "string" ? code : "http", message };
  } catch {
    return null;
  }
}

export function unreachable(): ApiError {
  return new ApiError(0, "unreachable", t("error.unreachable"));
}

/** Whatever was thrown, as an `ApiError`; an aborted request stays what it is. */
export function asApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  return new ApiError(0, "page", error instanceof Error ? error.message : String(error));
}

export async function request<T>(path: string, init: RequestInit = {}): Promise<T> {
  const response = await fetch(path, init).catch((error: unknown) => {
    if (init.signal?.aborted) throw error;
    throw unreachable();
  });
  const body = await response.text();
  if (!response.ok) throw errorFromBody(response.status, body);
  try {
    return (body === "" ? undefined : JSON.parse(body)) as T;
  } catch {
    throw new ApiError(response.status, "body", t("error.body"));
  }
}

export function post<T>(path: string, body: unknown): Promise<T> {
  return request<T>(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
}
