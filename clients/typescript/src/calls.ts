import { ApiError, ConnectionFailed } from "./errors.ts";

/** How the server is reached. */
export interface Options {
  /** `http://127.0.0.1:8000` where it is left out. */
  baseUrl?: string;
  token?: string;
  /** The workspace; left out, it is the token's, or the user's default one. */
  workspaceUuid?: string;
  /** Milliseconds of one request. */
  timeout?: number;
  /** How often a request is repeated, or a stream resumed without anything new. */
  maxRetries?: number;
  /** In place of the runtime's own. */
  fetch?: typeof fetch;
}

/** One call, over as many requests as it takes. */
export interface Call {
  method: string;
  path: string;
  query?: Readonly<Record<string, unknown>>;
  body?: unknown;
  headers?: Record<string, string>;
  signal?: AbortSignal | undefined;
  timeout?: number;
}

/** Milliseconds in which a run that is waited for must end. */
const RUN = 600_000;
const FIRST_PAUSE = 250;
const LONGEST_PAUSE = 8_000;
/** The longest `Retry-After` that is followed; a longer one is an error at once. */
const LONGEST_ASKED = 120_000;

export class Transport {
  readonly maxRetries: number;
  readonly #options: Options;
  readonly #baseUrl: string;

  constructor(options: Options) {
    this.#options = options;
    this.#baseUrl = (options.baseUrl ?? "http://127.0.0.1:8000").replace(/\/+$/, "");
    this.maxRetries = options.maxRetries ?? 5;
  }

  /** The answer to a call, which is a success. A POST has one key for all its requests, so that it is done once. */
  async send(call: Call): Promise<Response> {
    const headers: Record<string, string> = { ...call.headers };
    if (call.method === "POST" && !call.path.includes("/auth/")) headers["Idempotency-Key"] ??= crypto.randomUUID();
    const keyed: Call = { ...call, headers };
    const mayRepeat = call.method !== "POST" || "Idempotency-Key" in headers;
    const begun = Date.now();
    for (let failures = 0; ; ) {
      let delay: number;
      try {
        const answer = await this.#request(keyed);
        if (answer.ok) return answer;
        const error = await ApiError.of(answer);
        const asked = seconds(answer.headers.get("Retry-After"));
        const isUnderWay = error.code === "idempotency_in_flight" && Date.now() - begun < this.#timeout(call);
        if (!isUnderWay) {
          failures += 1;
          const isLasting = !(mayRepeat && passes(answer));
          if (isLasting || failures > this.maxRetries || asked > LONGEST_ASKED) throw error;
        }
        delay = Math.max(asked, isUnderWay ? FIRST_PAUSE : pause(failures));
      } catch (error) {
        if (!(error instanceof TypeError)) throw error;
        failures += 1;
        if (!mayRepeat || failures > this.maxRetries) {
          throw new ConnectionFailed(`${this.#baseUrl}: ${error.message}`, { cause: error });
        }
        delay = pause(failures);
      }
      await sleep(delay, call.signal);
    }
  }

  #timeout(call: Call): number {
    const own = this.#options.timeout ?? 60_000;
    return call.timeout ?? (call.path.endsWith("/run") ? Math.max(own, RUN) : own);
  }

  async #request(call: Call): Promise<Response> {
    const { token, workspaceUuid } = this.#options;
    const url = new URL(this.#baseUrl + call.path);
    for (const [name, value] of Object.entries({ workspace_uuid: workspaceUuid, ...call.query })) {
      if (value !== undefined && value !== null) url.searchParams.set(name, String(value));
    }
    const headers: Record<string, string> = { Accept: "application/json", ...call.headers };
    if (token) headers["Authorization"] = `Bearer ${token}`;
    if (call.body !== undefined) headers["Content-Type"] = "application/json";
    const abort = new AbortController();
    const stop = (): void => abort.abort(call.signal?.reason);
    call.signal?.throwIfAborted();
    call.signal?.addEventListener("abort", stop, { once: true });
    const late = setTimeout(() => abort.abort(new ConnectionFailed(`${call.method} ${call.path}: no answer in time`)), this.#timeout(call));
    try {
      const body = call.body === undefined ? null : JSON.stringify(call.body);
      return await (this.#options.fetch ?? fetch)(url, { method: call.method, headers, body, signal: abort.signal });
    } finally {
      // The time is that until the answer begins; a stream watches its own silence.
      clearTimeout(late);
    }
  }
}

/** Whether it may be otherwise in a moment: not a 502 of Athena's own, a failure that it has retried itself. */
function passes(answer: Response): boolean {
  if (answer.status === 429 || answer.status === 503) return true;
  const isOwn = (answer.headers.get("Content-Type") ?? "").startsWith("application/problem+json");
  return (answer.status === 502 || answer.status === 504) && !isOwn;
}

/** Milliseconds before the next attempt: twice as long each time, with jitter, so that clients do not come together. */
export function pause(failures: number): number {
  const longest = Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (failures - 1));
  return longest / 2 + (Math.random() * longest) / 2;
}

export async function sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
  signal?.throwIfAborted();
  await new Promise<void>((resolve, reject) => {
    const stop = (): void => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, milliseconds);
    signal?.addEventListener("abort", stop, { once: true });
  });
}

function seconds(text: string | null): number {
  const value = Number(text ?? 0);
  return Number.isFinite(value) ? Math.max(0, value * 1_000) : 0;
}
