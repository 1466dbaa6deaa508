/** A tool as its form holds it. Pure. */
import type { Schemas } from "@/api/client";

import type { Tool, ToolType } from "./queries";

export type ToolDraft = Pick<
  Tool,
  "name" | "description" | "config" | "parameters" | "account_uuid" | "requires_approval" | "approval_condition" | "seconds" | "max_result_bytes" | "enabled"
>;

/** Types whose arguments the user describes; others know theirs. */
const OWN_PARAMETERS: ReadonlySet<ToolType> = new Set(["http", "code"]);

export function hasOwnParameters(type: ToolType): boolean {
  return OWN_PARAMETERS.has(type);
}

const CONFIGS: Record<ToolType, Record<string, unknown>> = {
  builtin: {},
  http: { method: "GET", url: "" },
  openapi: { url: "" },
  mcp: { url: "" },
  code: { code: "result = arguments" },
  workflow: {},
  agent: {},
};

/** What a new tool begins with. */
export function begunTool(type: ToolType): ToolDraft {
  return {
    name: "",
    description: "",
    config: CONFIGS[type],
    parameters: hasOwnParameters(type) ? { type: "object", properties: {} } : null,
    account_uuid: null,
    requires_approval: false,
    approval_condition: null,
    seconds: null,
    max_result_bytes: 65_536,
    enabled: true,
  };
}

export function draftOf(tool: Tool): ToolDraft {
  const { name, description, config, parameters, account_uuid, requires_approval, approval_condition, seconds, max_result_bytes, enabled } = tool;
  return { name, description, config, parameters, account_uuid, requires_approval, approval_condition, seconds, max_result_bytes, enabled };
}

/** What is sent; of types that know their arguments, none. */
export function bodyOf(type: ToolType, { parameters, ...draft }: ToolDraft): Schemas["ToolUpdate"] {
  return { ...draft, ...(hasOwnParameters(type) ? { parameters } : {}) } as Schemas["ToolUpdate"];
}
