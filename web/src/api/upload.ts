/** Sending a file, with progress: `fetch` cannot report how much has gone out. */

import { sessionPath } from "./client";
import { errorFromBody, unreachable } from "./request";

export interface Upload {
  done: Promise<void>;
  cancel: () => void;
}

/** Send one file as a new source; `onProgress` gets the fraction sent, 0 to 1. */
export function uploadSource(
  id: string,
  file: File,
  onProgress: (fraction: number) => void,
): Upload {
  const request = new XMLHttpRequest();
  const done = new Promise<void>((resolve, reject) => {
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) onProgress(event.loaded / event.total);
    });
    request.addEventListener("load", () => {
      if (request.status < 400) resolve();
      else reject(errorFromBody(request.status, request.responseText));
    });
    request.addEventListener("error", () => reject(unreachable()));
    request.addEventListener("abort", () =>
      reject(new DOMException("upload cancelled", "AbortError")),
    );
  });
  const form = new FormData();
  form.append("file", file);
  request.open("POST", `${sessionPath(id)}/sources`);
  request.send(form);
  return { done, cancel: () => request.abort() };
}
