import { expect, test } from "vitest";

import { schemaOf } from "./input";

test("variables are filled in by their types", () => {
  const schema = schemaOf([
    { name: "text", type: "string", required: true },
    { name: "tone", type: "enum", options: ["kind", "curt"], required: false, default: "kind" },
    { name: "words", type: "integer", description: "How many.", required: false },
  ]);
  expect(schema.required).toEqual(["text"]);
  expect(schema.properties).toEqual({
    text: { title: "text", type: "string", maxLength: 100_000 },
    tone: { title: "tone", enum: ["kind", "curt"], default: "kind" },
    words: { title: "words", type: "integer", description: "How many." },
  });
});
