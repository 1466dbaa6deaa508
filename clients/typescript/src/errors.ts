/** What the client throws. */
export class AthenaError extends Error {
  override name = "AthenaError";
}

/** The server cannot be reached, or breaks off again and again. */
export class ConnectionFailed extends AthenaError {
  override name = "ConnectionFailed";
}

/** The server says no: the problem document that it answers. */
export class ApiError extends AthenaError {
  override name = "ApiError";
  readonly status: number;
  /** Stable; programs look at it, and not at the text. */
  readonly code: string;
  readonly errors: Readonly<Record<string, readonly string[]>>;
  readonly requestId: string | null;

  constructor(status: number, problem: Problem, requestId: string | null) {
    super(problem.detail ?? `The server answers ${status}.`);
    this.status = status;
    this.code = problem.code ?? `http_${status}`;
    this.errors = problem.errors ?? {};
    this.requestId = requestId;
  }

  /** The error of an answer, whose body is read. */
  static async of(answer: Response): Promise<ApiError> {
    const text = await answer.text();
    let problem: Problem = {};
    try {
      problem = JSON.parse(text) as Problem;
    } catch {
      // A proxy's page says no more than the status.
    }
    return new ApiError(answer.status, problem ?? {}, answer.headers.get("X-Request-ID"));
  }
}

interface Problem {
  detail?: string;
  code?: string;
  errors?: Record<string, string[]>;
}
