import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

import { de, PARTS } from "./de";

const SOURCES = new URL("..", import.meta.url);
// `t("…")`, and the texts that tables hold until they are shown.
const TEXT = /(?:\bt\(\s*|\blabel: |return (?=".* days"|"Today"|"Yesterday")|activity: )"((?:[^"\\]|\\.)*)"/g;

function texts(): string[] {
  const names = readdirSync(SOURCES, { recursive: true, encoding: "utf-8" });
  const found = names
    .filter((name) => /\.tsx?$/.test(name) && !name.endsWith(".test.ts") && !name.startsWith("api/schema"))
    .flatMap((name) => [...readFileSync(new URL(name, SOURCES), "utf-8").matchAll(TEXT)].map((match) => match[1] as string));
  return [...new Set(found)].sort();
}

describe("the other language", () => {
  it("has every text, and no other", () => {
    expect(texts().length).toBeGreaterThan(80);
    expect(Object.keys(de).sort()).toEqual(texts());
  });

  it("says each text in one place", () => {
    const said = Object.values(PARTS).flatMap((part) => Object.keys(part));
    expect(said.filter((text, at) => said.indexOf(text) !== at)).toEqual([]);
  });

  it("fills in the same values", () => {
    const values = (text: string): string[] => [...text.matchAll(/\{\w+\}/g)].map((match) => match[0]).sort();
    for (const [english, german] of Object.entries(de)) expect(values(german), english).toEqual(values(english));
  });
});
