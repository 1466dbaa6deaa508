import { expect, test } from "vitest";

import { partsOf } from "./labels";

test("what changed is called as in the form", () => {
  expect(partsOf("system_prompt")).toEqual(["Instructions"]);
  expect(partsOf("metadata.temperature")).toEqual(["Temperature"]);
  expect(partsOf("limits.turns")).toEqual(["Limits of a run", "Turns"]);
});

test("what the form does not have is called by its own name, in words", () => {
  expect(partsOf("metadata.house_style")).toEqual(["House style"]);
  expect(partsOf("output_schema.properties.amount")).toEqual(["Schema of the answer", "Properties", "Amount"]);
});
