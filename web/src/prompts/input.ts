import type { JsonSchema } from "@/ui/schema-form/schema";

import type { Variable } from "./queries";

/** The form in which a prompt's variables are filled in. */
export function schemaOf(variables: readonly Variable[]): JsonSchema {
  return {
    type: "object",
    properties: Object.fromEntries(variables.map((each) => [each.name, propertyOf(each)])),
    required: variables.filter((each) => each.required ?? true).map((each) => each.name),
  };
}

function propertyOf({ name, type = "string", description, default: usual, options }: Variable): JsonSchema {
  const about = { title: name, ...(description ? { description } : {}), ...(usual === undefined || usual === null ? {} : { default: usual }) };
  if (type === "enum") return { ...about, enum: options ?? [] };
  // Texts may be long.
  return type === "string" ? { ...about, type, maxLength: 100_000 } : { ...about, type };
}
