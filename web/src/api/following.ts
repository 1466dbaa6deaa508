/** Follows the events of a run over as many connections as it takes, and shows what they come to. */
import { ApiError } from "@/api/client";
import { EventParser, type RunEvent } from "@/chat/sse";

const FIRST_WAIT = 300;
const LONGEST_WAIT = 4_000;
/** A stream shows that it lives every 15 seconds; one that does not is dead. */
const SILENCE = 40_000;

/** How events come to a state. */
export interface Told<State extends { lastEvent: number }> {
  start: State;
  advance: (state: State, event: RunEvent) => State;
  isOver: (state: State) => boolean;
  /** After an error that no further try would mend. */
  fail: (state: State, error: ApiError) => State;
}

export interface Followed<State> {
  state: State;
  /** Whether the connection is lost at this moment. */
  isLost: boolean;
}

export class Follower<State extends { lastEvent: number }> {
  shown: Followed<State>;
  readonly listeners = new Set<() => void>();
  private readonly workspace: string;
  private readonly run: string;
  private readonly told: Told<State>;
  private frame = 0;
  private stopped = new AbortController();

  constructor(workspace: string, run: string, told: Told<State>) {
    this.workspace = workspace;
    this.run = run;
    this.told = told;
    this.shown = { state: told.start, isLost: false };
    void this.follow();
  }

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => {
      this.listeners.delete(listener);
    };
  };

  stop(): void {
    this.stopped.abort();
  }

  private get isDone(): boolean {
    return this.told.isOver(this.shown.state) || this.stopped.signal.aborted;
  }

  private async follow(): Promise<void> {
    let wait = FIRST_WAIT;
    while (!this.isDone) {
      const seen = this.shown.state.lastEvent;
      try {
        await this.read();
      } catch (error) {
        if (error instanceof ApiError && error.status >= 400 && error.status < 500 && error.status !== 429) {
          this.give({ state: this.told.fail(this.shown.state, error), isLost: false });
          return;
        }
      }
      if (this.isDone) return;
      if (this.shown.state.lastEvent > seen) wait = FIRST_WAIT;
      this.give({ ...this.shown, isLost: true });
      await this.pause(wait);
      wait = Math.min(wait * 2, LONGEST_WAIT);
    }
  }

  /** Follows over one connection, to its end. */
  private async read(): Promise<void> {
    const dead = new AbortController();
    let alarm = setTimeout(() => dead.abort(), SILENCE);
    const last = this.shown.state.lastEvent;
    const response = await fetch(`/api/v1/runs/${this.run}/events?workspace_uuid=${this.workspace}`, {
      headers: last ? { "Last-Event-ID": String(last) } : {},
      signal: AbortSignal.any([dead.signal, this.stopped.signal]),
    });
    try {
      if (!response.ok || !response.body) throw await ApiError.of(response);
      const parser = new EventParser();
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
        clearTimeout(alarm);
        alarm = setTimeout(() => dead.abort(), SILENCE);
        this.give({ state: parser.push(piece.value).reduce(this.told.advance, this.shown.state), isLost: false });
      }
    } finally {
      clearTimeout(alarm);
    }
  }

  /** Shown once a frame, however fast the events come, so that typing meanwhile never waits. */
  private give(shown: Followed<State>): void {
    this.shown = shown;
    if (this.frame) return;
    const show = (): void => {
      this.frame = 0;
      for (const listener of this.listeners) listener();
    };
    // A page in the background gets no frames, and is to be current when it is looked at.
    this.frame = document.hidden ? window.setTimeout(show, 100) : requestAnimationFrame(show);
  }

  /** Until it is time to try again; at once when the machine is back on the network. */
  private pause(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        clearTimeout(timer);
        window.removeEventListener("online", end);
        resolve();
      };
      const timer = setTimeout(end, milliseconds);
      window.addEventListener("online", end);
    });
  }
}
