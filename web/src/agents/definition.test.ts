import { describe, expect, it } from "vitest";

import type { Agent } from "@/api/client";

import { changesOf, copyOf, definitionOf } from "./definition";

const AGENT = {
  uuid: "1",
  name: "Ada",
  description: "",
  tags: ["shop"],
  visibility: "private",
  system_prompt: "Be kind.",
  model: "m",
  account_uuid: null,
  tool_uuids: ["t"],
  guardrail_uuids: [],
  team_uuids: [],
  output_schema: null,
  fallback_models: [],
  memory: { recall: false, extract: false, extract_model: null, limit: 8 },
  limits: { turns: 20, tool_calls: 50, tokens: null, cost: null, seconds: null },
  reflection: null,
  metadata: { model: null, temperature: 0.5, max_tokens: null, system_prompt: null, conversation_style: null, conversation_starters: "Hi" },
} as unknown as Agent;

describe("a definition", () => {
  it("is sent as what was changed, and no more", () => {
    const saved = definitionOf(AGENT);
    expect(changesOf(saved, saved)).toEqual({});
    expect(changesOf(saved, { ...saved, name: "Eve", temperature: null, conversation_starters: " " })).toEqual({
      name: "Eve",
      metadata: { temperature: null, conversation_starters: null },
    });
  });

  it("is copied with all that decides its answers", () => {
    const copy = copyOf(AGENT);
    expect(copy).toMatchObject({ name: "Ada (2)", visibility: "private", tool_uuids: ["t"], metadata: { temperature: 0.5, conversation_starters: "Hi" } });
    expect(copy).not.toHaveProperty("uuid");
    expect(copy.metadata).not.toHaveProperty("max_tokens");
  });
});
