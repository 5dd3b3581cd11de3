// Every failure a request can have, as one kind of error with a sentence and a hint.

export interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  pointer?: string;
  hint?: string;
}

export class ApiError extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.detail || problem.title);
    this.name = "ApiError";
    this.problem = problem;
  }

  /** `not-one-token`, `no-model`, …; `server-gone` when nobody answered. */
  get code(): string {
    return this.problem.type.split(/[/:#]/).pop() ?? "";
  }

  get gone(): boolean {
    return this.problem.status === 0;
  }
}

export function serverGone(): ApiError {
  return new ApiError({
    type: "server-gone",
    title: "The server does not answer",
    status: 0,
    detail: "The NeuronScope server does not answer.",
    hint: "Your draft is kept in this page. It reconnects when the server is back.",
  });
}

/** Reads a problem+json body; anything else becomes a problem that names the status. */
export function toApiError(status: number, body: unknown): ApiError {
  if (typeof body === "object" && body !== null && "title" in body && "status" in body) {
    const given = body as Partial<Problem>;
    return new ApiError({
      type: String(given.type ?? ""),
      title: String(given.title),
      status,
      detail: String(given.detail ?? given.title),
      pointer: given.pointer || undefined,
      hint: given.hint || undefined,
    });
  }
  // The development proxy answers for a server that is down.
  if (status >= 502 && status <= 504) return serverGone();
  return new ApiError({
    type: "unexpected",
    title: "Unexpected answer",
    status,
    detail: `The server answered with status ${status}.`,
  });
}

export function asApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  if (error instanceof TypeError) return serverGone();
  return toApiError(-1, { title: "Error", status: -1, detail: String(error) });
}
