/** The runs that are under way: each is followed once, over as many connections as it takes, by whoever looks. */
import { useSyncExternalStore } from "react";

import { ApiError } from "@/api/client";

import { advance, EMPTY, isOver, type Answer } from "./answer";
import { EventParser, type RunEvent } from "./sse";

const FIRST_WAIT = 300;
const LONGEST_WAIT = 4_000;
/** A stream shows that it lives every 15 seconds; one that does not is dead. */
const SILENCE = 40_000;

export interface Live {
  answer: Answer;
  /** Whether the connection is lost at this moment. */
  isLost: boolean;
}

const START: Live = { answer: EMPTY, isLost: false };

class Follower {
  live = START;
  readonly listeners = new Set<() => void>();
  private readonly workspace: string;
  private readonly run: string;
  private frame = 0;
  private stopped = new AbortController();

  constructor(workspace: string, run: string) {
    this.workspace = workspace;
    this.run = run;
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

  private async follow(): Promise<void> {
    let wait = FIRST_WAIT;
    while (!isOver(this.live.answer) && !this.stopped.signal.aborted) {
      const seen = this.live.answer.lastEvent;
      try {
        await this.read();
      } catch (error) {
        if (error instanceof ApiError && error.status >= 400 && error.status < 500 && error.status !== 429) {
          this.give({ answer: { ...this.live.answer, state: "failed", error }, isLost: false });
          return;
        }
      }
      if (isOver(this.live.answer) || this.stopped.signal.aborted) return;
      if (this.live.answer.lastEvent > seen) wait = FIRST_WAIT;
      this.give({ ...this.live, isLost: true });
      await this.pause(wait);
      wait = Math.min(wait * 2, LONGEST_WAIT);
    }
  }

  /** Follows over one connection, to its end. */
  private async read(): Promise<void> {
    const dead = new AbortController();
    let alarm = setTimeout(() => dead.abort(), SILENCE);
    const last = this.live.answer.lastEvent;
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
        this.take(parser.push(piece.value));
      }
    } finally {
      clearTimeout(alarm);
    }
  }

  private take(events: readonly RunEvent[]): void {
    this.give({ answer: events.reduce(advance, this.live.answer), isLost: false });
  }

  /** Shown once a frame, however fast the words come, so that typing meanwhile never waits. */
  private give(live: Live): void {
    this.live = live;
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

const followers = new Map<string, Follower>();

function follower(workspace: string, run: string): Follower {
  let found = followers.get(run);
  if (!found) {
    found = new Follower(workspace, run);
    followers.set(run, found);
  }
  return found;
}

/** The answer of a run, as far as it has come. */
export function useLive(workspace: string, run: string): Live {
  const followed = follower(workspace, run);
  return useSyncExternalStore(followed.subscribe, () => followed.live);
}

/** Ends all connections, when nobody is signed in any more. */
export function forgetRuns(): void {
  for (const each of followers.values()) each.stop();
  followers.clear();
}
