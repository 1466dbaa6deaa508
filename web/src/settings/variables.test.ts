import { describe, expect, it } from "vitest";

import { expressionOf, secretOf, written } from "./variables";

describe("how an expression reads a value", () => {
  it("names a variable and a secret by their places", () => {
    expect(expressionOf({ kind: "variable", name: "SHOP_URL" })).toBe("{{ workspace.variables.SHOP_URL }}");
    expect(expressionOf({ kind: "secret", name: "SHOP_KEY" })).toBe("{{ secrets.SHOP_KEY }}");
  });

  it("puts a word of the language into brackets", () => {
    expect(expressionOf({ kind: "secret", name: "in" })).toBe('{{ secrets["in"] }}');
  });
});

describe("a value in a table", () => {
  it("is the text itself, or JSON", () => {
    expect(written("https://shop.example.com")).toBe("https://shop.example.com");
    expect(written([1])).toBe("[1]");
    expect(written(null)).toBe("null");
  });
});

describe("a secret that was pasted", () => {
  it("keeps the lines of a key", () => {
    expect(secretOf("-----BEGIN KEY-----\nabc\n-----END KEY-----\n")).toBe("-----BEGIN KEY-----\nabc\n-----END KEY-----\n");
  });

  it("loses the break behind a single line", () => {
    expect(secretOf("sk-abc\r\n")).toBe("sk-abc");
  });
});
