import { expect, test } from "vitest";

import { changedField } from "./change-labels";

const SCHEMA = {
  properties: { url: { type: "string", title: "Address" }, auth: { $ref: "#/$defs/Auth" } },
  $defs: { Auth: { type: "object", properties: { user_name: { type: "string" } } } },
};

test("a node's own field is called by its type's form", () => {
  expect(changedField("node", "data.url", SCHEMA)).toBe("Address");
  expect(changedField("node", "data.auth.user_name", SCHEMA)).toBe("Auth › User name");
  expect(changedField("node", "data.gone", undefined)).toBe("Gone");
});

test("what all nodes have, and what the workflow has, is called as in their forms", () => {
  expect(changedField("node", "retry.max_attempts", SCHEMA)).toBe("Try again when it fails › Tries in all");
  expect(changedField("setting", "budget", undefined)).toBe("Budget (US dollars)");
});
