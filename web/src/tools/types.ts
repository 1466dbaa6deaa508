/** The types of tools, as the pages name them. */
import type { ToolType } from "./queries";

export interface NamedType<Type extends string> {
  type: Type;
  label: string;
  about: { label: string };
}

export const TOOL_TYPES: readonly NamedType<ToolType>[] = [
  { type: "builtin", label: "Built in", about: { label: "The time, a calculator, web pages, memories, Python and more." } },
  { type: "http", label: "HTTP request", about: { label: "One request to any server, with arguments in its address or body." } },
  { type: "openapi", label: "OpenAPI", about: { label: "Operations of a server that describes itself by an OpenAPI document." } },
  { type: "mcp", label: "MCP server", about: { label: "Functions of a server that speaks the Model Context Protocol." } },
  { type: "code", label: "Python code", about: { label: "Code of your own, run in a sandbox." } },
  { type: "workflow", label: "Workflow", about: { label: "Runs a workflow and gives its output." } },
  { type: "agent", label: "Agent", about: { label: "Asks another agent." } },
];

export function typeLabel(type: ToolType): string {
  return TOOL_TYPES.find((each) => each.type === type)?.label ?? type;
}

export const GUARDRAIL_TYPES: readonly NamedType<"pattern" | "length" | "pii" | "injection" | "model">[] = [
  { type: "pattern", label: "Words and patterns", about: { label: "Finds words, phrases and regular expressions." } },
  { type: "pii", label: "Personal data", about: { label: "Finds e-mail addresses, phone numbers, cards and the like." } },
  { type: "injection", label: "Injections", about: { label: "Finds texts that mean to steer the model." } },
  { type: "length", label: "Length", about: { label: "Bounds how long a text may be." } },
  { type: "model", label: "Judged by a model", about: { label: "Has a model judge the text by a policy in plain words." } },
];
