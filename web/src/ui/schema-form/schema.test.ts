import { expect, test } from "vitest";

import { begun, describe as described, labelOf, type JsonSchema } from "./schema";

const root: JsonSchema = {
  $defs: {
    Form: { type: "object", properties: { type: { const: "form", type: "string" }, fields: { type: "object" } }, required: ["type", "fields"] },
    Text: { type: "object", properties: { type: { const: "text", type: "string" }, text: { type: "string" } }, required: ["type", "text"] },
  },
};

test("what may be null is edited as what it may be besides", () => {
  const found = described({ anyOf: [{ type: "number", minimum: 1 }, { type: "null" }], description: "How many." }, root);
  expect(found).toMatchObject({ kind: "number", isNullable: true, schema: { minimum: 1, description: "How many." } });
});

test("alternatives that a property tells apart are variants", () => {
  const found = described({ oneOf: [{ $ref: "#/$defs/Form" }, { $ref: "#/$defs/Text" }] }, root);
  expect(found.kind).toBe("variants");
  expect(found.variants.map((each) => each.name)).toEqual(["form", "text"]);
});

test("alternatives that nothing tells apart are JSON", () => {
  expect(described({ anyOf: [{ type: "string" }, { type: "integer" }] }, root).kind).toBe("json");
});

test("a value begins with its default, or with the least that is valid", () => {
  expect(begun({ type: "integer", default: 10 }, root)).toBe(10);
  expect(begun({ $ref: "#/$defs/Text" }, root)).toEqual({ type: "text", text: "" });
  expect(begun({ oneOf: [{ $ref: "#/$defs/Form" }, { $ref: "#/$defs/Text" }] }, root)).toEqual({ type: "form", fields: {} });
  expect(begun({ anyOf: [{ type: "string" }, { type: "null" }] }, root)).toBeNull();
});

test("a property without a title is called by its name", () => {
  expect(labelOf("max_pages", {})).toBe("Max pages");
});
