/** What a form needs to know of a JSON Schema: references followed, “or null” taken away, alternatives named. */

export interface JsonSchema {
  type?: string | readonly string[];
  title?: string;
  description?: string;
  default?: unknown;
  examples?: readonly unknown[];
  const?: unknown;
  enum?: readonly unknown[];
  format?: string;
  pattern?: string;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  maxLength?: number;
  minItems?: number;
  maxItems?: number;
  properties?: Readonly<Record<string, JsonSchema>>;
  required?: readonly string[];
  additionalProperties?: boolean | JsonSchema;
  items?: JsonSchema;
  anyOf?: readonly JsonSchema[];
  oneOf?: readonly JsonSchema[];
  discriminator?: { propertyName: string };
  writeOnly?: boolean;
  $ref?: string;
  $defs?: Readonly<Record<string, JsonSchema>>;
  [extension: `x-${string}`]: unknown;
}

/** How a value is edited. */
export type Kind = "choice" | "switch" | "number" | "text" | "list" | "object" | "map" | "variants" | "json";

export interface Variant {
  /** The value of the property that tells the variants apart. */
  name: string;
  schema: JsonSchema;
}

export interface Described {
  kind: Kind;
  /** Without `$ref`, and without the part that says “or null”. */
  schema: JsonSchema;
  isNullable: boolean;
  variants: readonly Variant[];
  /** The property that tells the variants apart. */
  tag: string;
}

export function describe(given: JsonSchema, root: JsonSchema): Described {
  const outer = followed(given, root);
  const all = [...(outer.anyOf ?? outer.oneOf ?? [])];
  const others = all.map((each) => followed(each, root)).filter((each) => each.type !== "null");
  const isNullable = others.length < all.length;
  const { anyOf: _anyOf, oneOf: _oneOf, ...about } = outer;
  const schema = others.length === 1 ? { ...others[0], ...about } : outer;
  if (others.length > 1) {
    const tag = outer.discriminator?.propertyName ?? "type";
    const variants = others.flatMap((each) => {
      const name = each.properties?.[tag]?.const;
      return typeof name === "string" ? [{ name, schema: each }] : [];
    });
    const isTold = variants.length === others.length;
    return { kind: isTold ? "variants" : "json", schema, isNullable, variants, tag };
  }
  return { kind: kindOf(schema), schema, isNullable, variants: [], tag: "" };
}

function followed(schema: JsonSchema, root: JsonSchema): JsonSchema {
  if (schema.$ref === undefined) return schema;
  const { $ref, ...about } = schema;
  const found = root.$defs?.[$ref.replace("#/$defs/", "")];
  return found ? { ...followed(found, root), ...about } : about;
}

function kindOf(schema: JsonSchema): Kind {
  if (schema.enum) return "choice";
  if (schema.type === "boolean") return "switch";
  if (schema.type === "number" || schema.type === "integer") return "number";
  if (schema.type === "string") return "text";
  if (schema.type === "array") return schema.items ? "list" : "json";
  if (schema.type !== "object") return "json";
  return schema.properties ? "object" : "map";
}

/** The least that a value of this schema can be begun with. */
export function begun(given: JsonSchema, root: JsonSchema): unknown {
  const { kind, schema, isNullable, variants, tag } = describe(given, root);
  if (schema.default !== undefined) return schema.default;
  if (schema.const !== undefined) return schema.const;
  if (isNullable) return null;
  switch (kind) {
    case "choice":
      return schema.enum?.[0];
    case "switch":
      return false;
    case "number":
      return schema.minimum ?? 0;
    case "text":
      return "";
    case "list":
      return [];
    case "map":
      return {};
    case "object":
      return Object.fromEntries((schema.required ?? []).map((name) => [name, begun(schema.properties?.[name] ?? {}, root)]));
    case "variants":
      return variants[0] && { ...(begun(variants[0].schema, root) as object), [tag]: variants[0].name };
    case "json":
      return null;
  }
}

/** A name as people read it: the schema's title, or the property's name in words. */
export function labelOf(name: string, schema: JsonSchema): string {
  if (schema.title) return schema.title;
  const words = name.replaceAll("_", " ").trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}
