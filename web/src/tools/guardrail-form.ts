/** A guardrail as its form holds it. Pure. */
import type { Guardrail } from "./queries";

export type GuardrailType = Guardrail["type"];
export type Stage = Guardrail["stages"][number];
export type GuardrailDraft = Pick<Guardrail, "name" | "description" | "enabled" | "stages" | "config" | "action" | "shadow" | "message">;

export const STAGES: Record<Stage, { label: string }> = {
  input: { label: "What is asked" },
  output: { label: "What is answered" },
  tool_call: { label: "Calls of tools" },
  tool_result: { label: "Results of tools" },
};
export const ACTIONS: Record<Guardrail["action"], { label: string }> = {
  refuse: { label: "Refuses" },
  mask: { label: "Masks" },
  warn: { label: "Warns" },
};
/** Types that judge a text as a whole have no places to mask. */
const WHOLE: ReadonlySet<GuardrailType> = new Set(["length", "model"]);

export function actionsOf(type: GuardrailType): Guardrail["action"][] {
  return WHOLE.has(type) ? ["refuse", "warn"] : ["refuse", "mask", "warn"];
}

export const KINDS = ["email", "phone", "iban", "credit_card", "ip_address", "national_id"];
export const SIGNS = ["instructions", "hidden", "encoded", "images"];

const CONFIGS: Record<GuardrailType, Record<string, unknown>> = {
  pattern: { words: [], patterns: [] },
  length: { unit: "characters", maximum: 10_000 },
  pii: { kinds: KINDS },
  injection: { signs: SIGNS, allowed_hosts: [] },
  model: { policy: "" },
};

/** What a new guardrail begins with. */
export function begunGuardrail(type: GuardrailType): GuardrailDraft {
  return {
    name: "",
    description: "",
    enabled: true,
    stages: type === "injection" ? ["tool_result"] : ["input"],
    config: CONFIGS[type],
    action: "refuse",
    shadow: false,
    message: null,
  };
}

export function guardrailDraft(guardrail: Guardrail): GuardrailDraft {
  const { name, description, enabled, stages, config, action, shadow, message } = guardrail;
  return { name, description, enabled, stages, config, action, shadow, message };
}
