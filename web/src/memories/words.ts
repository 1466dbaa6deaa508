import type { Memory } from "./queries";

/** What the kinds of memories are called. */
export const KIND_NAMES: Record<Memory["kind"], { label: string }> = {
  fact: { label: "Fact" },
  preference: { label: "Preference" },
  episode: { label: "Episode" },
  knowledge: { label: "Knowledge" },
};

/** Where a memory counts. */
export const SCOPE_NAMES: Record<Memory["scope"], { label: string }> = {
  workspace: { label: "The workspace" },
  user: { label: "A person" },
  agent: { label: "An agent" },
  thread: { label: "A chat" },
};
