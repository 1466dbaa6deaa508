import { pause, sleep, type Call, type Transport } from "./calls.ts";
import { AthenaError, ConnectionFailed } from "./errors.ts";

/** One event of a run. Ids grow by one within a run; clients pass over types that they do not know. */
export interface RunEvent {
  id: number;
  type: string;
  data: { run_uuid: string; at: string; [name: string]: unknown };
}

const TERMINAL = new Set(["run.completed", "run.failed", "run.cancelled"]);
/** Milliseconds; the server sends a comment every 15 seconds at least. */
const SILENCE = 45_000;
const LONGEST_EVENT = 32 * 1024 * 1024;

/** A run's events, to its end; after a broken connection it goes on behind the last one. Leaving it ends no run. */
export class RunStream implements AsyncIterable<RunEvent> {
  runUuid: string | undefined;
  lastEventId: number;
  readonly #transport: Transport;
  readonly #start: Call | undefined;
  readonly #signal: AbortSignal | undefined;

  constructor(transport: Transport, start: Call | string, after = 0, signal?: AbortSignal) {
    this.#transport = transport;
    this.lastEventId = after;
    if (typeof start === "string") {
      this.runUuid = start;
    } else {
      // One key for all connections: where the answer to the first was lost, the run is there nevertheless.
      const headers = { Accept: "text/event-stream", "Idempotency-Key": crypto.randomUUID(), ...start.headers };
      this.#start = { ...start, headers };
    }
    this.#signal = signal;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<RunEvent, void, void> {
    for (let failures = 0; ; ) {
      const before = this.lastEventId;
      try {
        for await (const event of this.#connection()) {
          if (event.id <= this.lastEventId) continue;
          this.lastEventId = event.id;
          yield event;
          if (TERMINAL.has(event.type)) return;
        }
      } catch (error) {
        this.#signal?.throwIfAborted();
        if (error instanceof AthenaError) throw error;
        // The next connection tells whether the server is there.
      }
      failures = this.lastEventId > before ? 0 : failures + 1;
      if (failures > this.#transport.maxRetries) throw new ConnectionFailed("The stream breaks off again and again.");
      await sleep(pause(failures + 1), this.#signal);
    }
  }

  /** The answer's text as it comes. What is void after `message.restarted` comes again. */
  async *text(): AsyncGenerator<string, void, void> {
    for await (const event of this) {
      if (event.type === "message.delta") yield event.data["delta"] as string;
    }
  }

  async *#connection(): AsyncGenerator<RunEvent, void, void> {
    const answer = await this.#transport.send(this.#call());
    this.runUuid ??= answer.headers.get("Location")?.split("/").at(-1);
    if (answer.body === null) return;
    const reader = answer.body.getReader();
    try {
      yield* decoded(reader);
    } finally {
      // Of a connection that is broken there is nothing to end.
      await reader.cancel().catch(() => undefined);
    }
  }

  #call(): Call {
    const common = { signal: this.#signal, timeout: SILENCE };
    if (this.runUuid === undefined && this.#start !== undefined) return { ...this.#start, ...common };
    const headers = { Accept: "text/event-stream", "Last-Event-ID": String(this.lastEventId) };
    return { method: "GET", path: `/api/v1/runs/${this.runUuid}/events`, headers, ...common };
  }
}

/** Events of bytes, however they are cut. What is unfinished is no event. */
export async function* decoded(
  reader: ReadableStreamDefaultReader<Uint8Array>,
): AsyncGenerator<RunEvent, void, void> {
  const decoder = new TextDecoder();
  let rest = "";
  for (;;) {
    const { value, done } = await within(SILENCE, reader.read());
    if (done) return;
    const blocks = (rest + decoder.decode(value, { stream: true })).split("\n\n");
    rest = blocks.pop() ?? "";
    if (rest.length > LONGEST_EVENT) throw new AthenaError("An event is too long.");
    for (const block of blocks) {
      const event = eventOf(block);
      if (event) yield event;
    }
  }
}

function eventOf(block: string): RunEvent | undefined {
  const fields = new Map<string, string>();
  for (const line of block.split("\n")) {
    const at = line.indexOf(":");
    if (at > 0) fields.set(line.slice(0, at), line.slice(at + 1).replace(/^ /, ""));
  }
  const data = fields.get("data");
  if (data === undefined) return undefined;
  return { id: Number(fields.get("id")), type: fields.get("event") ?? "", data: JSON.parse(data) as RunEvent["data"] };
}

async function within<T>(milliseconds: number, work: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new TypeError("The stream is silent.")), milliseconds);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
