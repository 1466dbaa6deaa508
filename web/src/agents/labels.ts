/** What the parts of an agent are called in its form. Pure. */
import { t } from "@/i18n";
import { labelOf } from "@/ui/schema-form/schema";

const LABELS: Readonly<Record<string, { label: string }>> = {
  model: { label: "Model" },
  account_uuid: { label: "Account" },
  system_prompt: { label: "Instructions" },
  metadata: { label: "More" },
  "metadata.temperature": { label: "Temperature" },
  "metadata.max_tokens": { label: "Longest answer, in tokens" },
  "metadata.conversation_style": { label: "Style" },
  "metadata.conversation_starters": { label: "First messages" },
  tool_uuids: { label: "Tools" },
  guardrail_uuids: { label: "Guardrails" },
  team_uuids: { label: "Team" },
  output_schema: { label: "Schema of the answer" },
  fallback_models: { label: "Models that stand in" },
  memory: { label: "Memory" },
  "memory.recall": { label: "Recall" },
  "memory.limit": { label: "At most so many" },
  "memory.extract": { label: "Learn from conversations" },
  "memory.extract_model": { label: "The model that reads conversations" },
  limits: { label: "Limits of a run" },
  "limits.turns": { label: "Turns" },
  "limits.tool_calls": { label: "Calls of tools" },
  "limits.tokens": { label: "Tokens" },
  "limits.cost": { label: "Cost in US dollars" },
  "limits.seconds": { label: "Seconds at work" },
  reflection: { label: "Reflection" },
  "reflection.rounds": { label: "Rounds" },
};

/** The parts of a path, from the outermost, as the form calls them: `limits.turns` is “Limits of a run”, “Turns”. */
export function partsOf(path: string): string[] {
  const names = path.split(".");
  // Metadata is where it is kept, and no part of the form.
  const from = names[0] === "metadata" && names.length > 1 ? 1 : 0;
  return names.slice(from).map((name, at) => {
    const known = LABELS[names.slice(0, from + at + 1).join(".")];
    return known ? t(known.label) : labelOf(name, {});
  });
}
