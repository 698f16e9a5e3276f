import { clientHeaders } from "#/api/http.ts";
import { ApiProblem, type ProblemBody } from "#/api/problem.ts";
import type { Import } from "./queries.ts";

/** An upload under way. */
export interface Upload {
  done: Promise<Import>;
  cancel: () => void;
}

/** Sends a file as it is, and tells how far it has come; `fetch` cannot tell that, hence the older interface. */
export function upload(file: File, onProgress: (sent: number, total: number) => void): Upload {
  const request = new XMLHttpRequest();
  const done = new Promise<Import>((resolve, reject) => {
    request.open("POST", `/api/v1/imports?${new URLSearchParams({ filename: file.name, kind: "auto" })}`);
    for (const [name, value] of Object.entries(clientHeaders())) request.setRequestHeader(name, value);
    request.setRequestHeader("Content-Type", "text/csv");
    request.upload.onprogress = (event) => onProgress(event.loaded, event.total);
    request.onload = () => {
      if (request.status >= 200 && request.status < 300) resolve(JSON.parse(request.responseText) as Import);
      else reject(problem(request));
    };
    request.onerror = () => reject(new TypeError("upload failed"));
    request.onabort = () => reject(new DOMException("cancelled", "AbortError"));
    request.send(file);
  });
  return { done, cancel: () => request.abort() };
}

function problem(request: XMLHttpRequest): ApiProblem {
  try {
    return new ApiProblem(request.status, JSON.parse(request.responseText) as ProblemBody);
  } catch {
    return new ApiProblem(request.status, {
      code: `http_${request.status}`,
      message: `The server answered ${request.status} without saying why. Try again; if it stays, look into the server's log.`,
    });
  }
}
