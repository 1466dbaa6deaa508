/** What the fields of a workflow that changed are called in its forms. Pure. */
import type { Schemas } from "@/api/client";
import { t } from "@/i18n";
import { describe, labelOf, type JsonSchema } from "@/ui/schema-form/schema";

const LABELS: Record<Schemas["Change"]["part"], Readonly<Record<string, { label: string }>>> = {
  node: {
    id: { label: "Id" },
    name: { label: "Name" },
    type: { label: "Type" },
    disabled: { label: "Disabled" },
    redact: { label: "Keep its values out of executions" },
    notes: { label: "Notes" },
    on_error: { label: "When it fails" },
    default_output: { label: "The value to go on with" },
    on_unknown_outcome: { label: "After a crash in the middle" },
    timeout: { label: "Timeout (seconds)" },
    retry: { label: "Try again when it fails" },
    "retry.max_attempts": { label: "Tries in all" },
    "retry.delay_ms": { label: "Pause (ms)" },
    "retry.backoff": { label: "Pauses" },
    pinned_output: { label: "Pinned output" },
  },
  edge: {},
  variable: {
    name: { label: "Name" },
    type: { label: "Type" },
    default: { label: "Default" },
    required: { label: "Required" },
  },
  setting: {
    timeout_seconds: { label: "Timeout (seconds)" },
    budget: { label: "Budget (US dollars)" },
    concurrency: { label: "Limit executions at a time" },
    "concurrency.limit": { label: "At a time" },
    "concurrency.key": { label: "Counted apart by" },
    error_workflow_uuid: { label: "Workflow to start when one fails" },
    output_schema: { label: "Schema of the output" },
  },
};

/** The path of a change as the forms call it; `schema` is that of the node's own fields, which stand below `data`. */
export function changedField(part: Schemas["Change"]["part"], path: string, schema: JsonSchema | undefined): string {
  const names = path.split(".");
  if (part === "node" && names[0] === "data" && names.length > 1) return inSchema(names.slice(1), schema ?? {});
  return names
    .map((name, at) => {
      const known = LABELS[part][names.slice(0, at + 1).join(".")];
      return known ? t(known.label) : labelOf(name, {});
    })
    .join(" › ");
}

function inSchema(names: readonly string[], root: JsonSchema): string {
  let within = root;
  const labels = names.map((name) => {
    const found = describe(within, root).schema.properties?.[name] ?? {};
    within = found;
    return labelOf(name, found);
  });
  return labels.join(" › ");
}
