/** The API, by the types that are made from its OpenAPI document. */
import createClient, { type Middleware } from "openapi-fetch";

import type { components, paths } from "./schema";

export type Schemas = components["schemas"];
export type User = Schemas["User"];
export type Thread = Schemas["Thread"];
export type Message = Schemas["Message"];
export type Agent = Schemas["Agent"];
export type Model = Schemas["LargeLanguageModel"];
export type Media = Schemas["Media"];

const CSRF_COOKIES = ["__Host-athena_csrf", "athena_csrf"];
const SAFE = new Set(["GET", "HEAD"]);

/** An answer that is an error, or none at all: `status` 0 says that the server was not reached. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly requestId: string | null;
  /** What is wrong with which part of the request, by its path, such as `credentials.api_key`. */
  readonly problems: Readonly<Record<string, string>>;

  constructor(
    status: number,
    code: string,
    message: string,
    requestId: string | null,
    problems: Readonly<Record<string, readonly string[]>> = {},
  ) {
    super(message);
    this.name = "ApiError";
    this.status = status;
    this.code = code;
    this.requestId = requestId;
    this.problems = Object.fromEntries(Object.entries(problems).map(([path, said]) => [path, said.join(" ")]));
  }

  static async of(response: Response): Promise<ApiError> {
    const problem = (await response.json().catch(() => ({}))) as Partial<Schemas["Problem"]>;
    return new ApiError(
      response.status,
      problem.code ?? "unknown",
      problem.detail ?? problem.title ?? `HTTP ${response.status}`,
      problem.request_id ?? response.headers.get("X-Request-ID"),
      problem.errors ?? {},
    );
  }
}

export const UNREACHABLE = new ApiError(0, "unreachable", "Athena cannot be reached.", null);

function csrfToken(): string {
  const cookies = new Map(document.cookie.split("; ").map((each) => each.split("=") as [string, string]));
  return CSRF_COOKIES.map((name) => cookies.get(name)).find(Boolean) ?? "";
}

/** Whether somebody signed in here and did not sign out: the other cookie is not to be seen, but comes and goes with it. */
export function hasSession(): boolean {
  return csrfToken() !== "";
}

const session: Middleware = {
  onRequest({ request }) {
    if (!SAFE.has(request.method)) request.headers.set("X-CSRF-Token", csrfToken());
    return request;
  },
  async onResponse({ response }) {
    if (!response.ok) throw await ApiError.of(response);
  },
  onError({ error }) {
    return error instanceof DOMException && error.name === "AbortError" ? error : UNREACHABLE;
  },
};

export const api = createClient<paths>({ baseUrl: "" });
api.use(session);

/** The value of an answer, whose errors were thrown. */
export async function value<T>(answer: Promise<{ data?: T }>): Promise<T> {
  return (await answer).data as T;
}

/** A key by which a request that is sent again is known; also where the page did not come by HTTPS. */
export function newKey(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The address of a file on the server that this page came from, whatever name that has here. */
export function localAddress(url: string): string {
  const { pathname, search } = new URL(url, location.origin);
  // With two slashes at its begin it would be the address of another host.
  return `/${pathname.replace(/^[/\\]+/, "")}${search}`;
}
