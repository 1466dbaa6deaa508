/** What an agent is made of, as its form holds it. Pure. */
import type { Schemas } from "@/api/client";

const METADATA = ["temperature", "max_tokens", "conversation_style"] as const;
const FIELDS = [
  "name",
  "description",
  "tags",
  "visibility",
  "system_prompt",
  "model",
  "account_uuid",
  "tool_uuids",
  "guardrail_uuids",
  "team_uuids",
  "output_schema",
  "fallback_models",
  "memory",
  "limits",
  "reflection",
] as const;

type Agent = Schemas["Agent"];

export type Definition = Pick<Agent, (typeof FIELDS)[number]> & {
  temperature: number | null;
  max_tokens: number | null;
  conversation_style: string | null;
  /** One a line. */
  conversation_starters: string;
};

export function definitionOf(agent: Agent): Definition {
  const { temperature, max_tokens, conversation_style } = agent.metadata;
  const fields = Object.fromEntries(FIELDS.map((name) => [name, agent[name]])) as Pick<Agent, (typeof FIELDS)[number]>;
  const starters = (agent.metadata as Record<string, unknown>)["conversation_starters"];
  return {
    ...fields,
    temperature,
    max_tokens,
    conversation_style,
    conversation_starters: typeof starters === "string" ? starters : "",
  };
}

/** What has to be sent to get from one to the other. */
export function changesOf(saved: Definition, wanted: Definition): Schemas["AgentUpdate"] {
  const isOther = (name: keyof Definition): boolean => JSON.stringify(saved[name]) !== JSON.stringify(wanted[name]);
  const metadata: Record<string, unknown> = Object.fromEntries(
    METADATA.filter(isOther).map((name) => [name, wanted[name] === "" ? null : wanted[name]]),
  );
  if (isOther("conversation_starters")) metadata["conversation_starters"] = wanted.conversation_starters.trim() || null;
  const changes = Object.fromEntries(FIELDS.filter(isOther).map((name) => [name, wanted[name]]));
  return { ...changes, ...(Object.keys(metadata).length > 0 ? { metadata } : {}) } as Schemas["AgentUpdate"];
}

/** A new agent that answers as this one does. */
export function copyOf(agent: Agent | Schemas["GeneratedAgent"], name = `${agent.name} (2)`): Schemas["AgentCreate"] {
  const { description, tags, visibility, system_prompt, model, account_uuid, metadata } = agent;
  const { tool_uuids, guardrail_uuids, team_uuids, output_schema, fallback_models, memory, limits, reflection } = agent;
  const kept = Object.fromEntries(Object.entries(metadata).filter(([, value]) => value !== null));
  return {
    ...{ name, description, tags, visibility, system_prompt, model, account_uuid, metadata: kept },
    ...{ tool_uuids, guardrail_uuids, team_uuids, output_schema, fallback_models, memory, limits, reflection },
  } as Schemas["AgentCreate"];
}
