import { expect, test } from "vitest";

import { linesOf } from "./named-changes";

const [A, B, C] = ["a", "b", "c"].map((letter) => `01980000-0000-7000-8000-00000000000${letter}`) as [string, string, string];
const NAMES = new Map([
  [A, "Calculator"],
  [B, "Search"],
]);

test("lists of things are told entry by entry, by their names", () => {
  expect(linesOf([A, C], [A, B], NAMES)).toEqual(["  Calculator", `- deleted since (${C})`, "+ Search"]);
  expect(linesOf([A, B], [B, A], NAMES)).toEqual(["- Calculator", "- Search", "+ Search", "+ Calculator"]);
  expect(linesOf([], [A], NAMES)).toEqual(["+ Calculator"]);
});

test("what is named within other values is called by its name, too", () => {
  expect(linesOf(null, A, NAMES)).toEqual(["- –", "+ Calculator"]);
  expect(linesOf([{ account_uuid: B, model: "m" }], [], NAMES)[0]).toContain('"account_uuid": "Search"');
});

test("anything else is told as it is", () => {
  expect(linesOf(0.2, 0.4, NAMES)).toEqual(["- 0.2", "+ 0.4"]);
  expect(linesOf("", "Be kind.", NAMES)).toEqual(["- ", "+ Be kind."]);
});
