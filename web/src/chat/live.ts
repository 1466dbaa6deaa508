/** The runs that are under way: each is followed once by whoever looks. */
import { useMemo, useSyncExternalStore } from "react";

import { Follower, type Told } from "@/api/following";

import { advance, EMPTY, isOver, type Answer } from "./answer";

export interface Live {
  answer: Answer;
  /** Whether the connection is lost at this moment. */
  isLost: boolean;
}

const TOLD: Told<Answer> = { start: EMPTY, advance, isOver, fail: (answer, error) => ({ ...answer, state: "failed", error }) };

const followers = new Map<string, Follower<Answer>>();

function follower(workspace: string, run: string): Follower<Answer> {
  let found = followers.get(run);
  if (!found) {
    found = new Follower(workspace, run, TOLD);
    followers.set(run, found);
  }
  return found;
}

/** The answer of a run, as far as it has come. */
export function useLive(workspace: string, run: string): Live {
  const followed = follower(workspace, run);
  const { state, isLost } = useSyncExternalStore(followed.subscribe, () => followed.shown);
  return useMemo(() => ({ answer: state, isLost }), [state, isLost]);
}

/** Ends all connections, when nobody is signed in any more. */
export function forgetRuns(): void {
  for (const each of followers.values()) each.stop();
  followers.clear();
}
