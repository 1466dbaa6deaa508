/** The client for Athena: every operation by its path, typed; lists as iterators; streams that go on by themselves. */
import { Transport, type Call, type Options } from "./calls.ts";
import { RunStream } from "./events.ts";
import type { Answer, Given, Item, ListPath, PathOf, RunPath, Verb } from "./types.ts";

export type { Options } from "./calls.ts";
export { ApiError, AthenaError, ConnectionFailed } from "./errors.ts";
export { RunStream, type RunEvent } from "./events.ts";
export type { components, paths } from "./schema.ts";
export type { Answer, Given, Item } from "./types.ts";

interface Loose {
  path?: Readonly<Record<string, unknown>> | undefined;
  query?: Readonly<Record<string, unknown>> | undefined;
  body?: unknown;
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

/** The arguments of an operation, which may be left out where none is needed. */
type Rest<V extends Verb, P extends PathOf<V>> = {} extends Given<V, P> ? [given?: Given<V, P>] : [given: Given<V, P>];

export class Athena {
  readonly #transport: Transport;

  constructor(options: Options = {}) {
    this.#transport = new Transport(options);
  }

  get<P extends PathOf<"get">>(path: P, ...rest: Rest<"get", P>): Promise<Answer<"get", P>> {
    return this.#value("GET", path, rest[0]);
  }

  post<P extends PathOf<"post">>(path: P, ...rest: Rest<"post", P>): Promise<Answer<"post", P>> {
    return this.#value("POST", path, rest[0]);
  }

  put<P extends PathOf<"put">>(path: P, ...rest: Rest<"put", P>): Promise<Answer<"put", P>> {
    return this.#value("PUT", path, rest[0]);
  }

  delete<P extends PathOf<"delete">>(path: P, ...rest: Rest<"delete", P>): Promise<Answer<"delete", P>> {
    return this.#value("DELETE", path, rest[0]);
  }

  /** Every entry of a list, page by page as they are asked for. */
  async *list<P extends ListPath>(path: P, ...rest: Rest<"get", P>): AsyncGenerator<Item<P>, void, void> {
    const given: Loose = rest[0] ?? {};
    for (let cursor: string | null = ""; cursor !== null; ) {
      const page: Page<Item<P>> = await this.#value("GET", path, { ...given, query: { ...given.query, cursor } });
      yield* page.data;
      cursor = page.meta.next_cursor;
    }
  }

  /** Starts a run, and gives its events as they come. */
  stream<P extends RunPath>(path: P, ...rest: Rest<"post", P>): RunStream {
    const given: Loose = rest[0] ?? {};
    const call = callOf("POST", path, { ...given, body: { ...(given.body as object | undefined), stream: true } });
    return new RunStream(this.#transport, call, 0, given.signal);
  }

  /** The events of a run that was started before, beginning behind one of them. */
  events(runUuid: string, after = 0, signal?: AbortSignal): RunStream {
    return new RunStream(this.#transport, runUuid, after, signal);
  }

  async #value<T>(method: string, path: string, given: Loose = {}): Promise<T> {
    const answer = await this.#transport.send(callOf(method, path, given));
    const text = await answer.text();
    return (text === "" ? undefined : JSON.parse(text)) as T;
  }
}

interface Page<T> {
  data: T[];
  meta: { next_cursor: string | null };
}

function callOf(method: string, path: string, given: Loose): Call {
  const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(given.path?.[name])));
  const { query, body, headers, signal } = given;
  return { method, path: filled, body, signal, ...(query ? { query } : {}), ...(headers ? { headers } : {}) };
}
