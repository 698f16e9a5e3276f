/** A failure as the server tells it (RFC 9457), or as the way there made it. */
export class ApiProblem extends Error {
  readonly status: number;
  readonly code: string;
  readonly field: string | undefined;
  readonly doc: string | undefined;
  readonly retryAfterSeconds: number | undefined;

  constructor(status: number, body: ProblemBody) {
    super(body.message);
    this.name = "ApiProblem";
    this.status = status;
    this.code = body.code;
    this.field = body.field ?? undefined;
    this.doc = body.doc ?? undefined;
    this.retryAfterSeconds = body.retry_after_seconds ?? undefined;
  }
}

/** The body of a failure. */
export interface ProblemBody {
  code: string;
  message: string;
  field?: string | null;
  doc?: string | null;
  retry_after_seconds?: number | null;
}

/** Reads the problem out of an answer that is not a success. */
export async function problemOf(response: Response): Promise<ApiProblem> {
  try {
    const body: unknown = await response.clone().json();
    if (isProblem(body)) return new ApiProblem(response.status, body);
  } catch {
    // Not JSON: something between the browser and Mainspring answered.
  }
  return new ApiProblem(response.status, {
    code: `http_${response.status}`,
    message: `The server answered ${response.status} without saying why. Try again; if it stays, look into the server's log.`,
  });
}

function isProblem(body: unknown): body is ProblemBody {
  return typeof body === "object" && body !== null && "code" in body && "message" in body;
}

/** Any thrown thing as a problem that can be shown. */
export function asProblem(error: unknown): ApiProblem {
  if (error instanceof ApiProblem) return error;
  if (error instanceof TypeError) {
    return new ApiProblem(0, {
      code: "unreachable",
      message: "Mainspring did not answer. Check that it runs and that this device is connected, then try again.",
    });
  }
  const message = error instanceof Error ? error.message : String(error);
  return new ApiProblem(0, { code: "unexpected", message });
}

/** The message for one field of a form, when the problem names that field. */
export function fieldError(error: unknown, field: string): string | undefined {
  return error instanceof ApiProblem && error.field === field ? error.message : undefined;
}
