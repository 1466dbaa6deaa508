import { describe, expect, it } from "vitest";

import { expectation, pasted, wanted } from "./cases";

const contains = (value: string) => [{ type: "contains", value, case_sensitive: false, weight: 1 }];

describe("pasted cases", () => {
  it("are read from CSV with quotes, other separators and types", () => {
    expect(pasted('input,expected,type\n"What, if\n""so""?",Paris,\n\nAnd Rome?,^Italy$,regex\n')).toEqual({
      cases: [
        { input: 'What, if\n"so"?', expectations: contains("Paris") },
        { input: "And Rome?", expectations: [{ type: "regex", pattern: "^Italy$", weight: 1 }] },
      ],
      problems: [],
    });
    expect(pasted("expected;input\r\nLima;Peru, say?\r\n").cases).toEqual([{ input: "Peru, say?", expectations: contains("Lima") }]);
  });

  it("are read from JSON Lines and from a list", () => {
    const whole = { messages: [{ role: "user", content: "Hi" }], expectations: [{ type: "judge", criteria: "Kind", model: "m" }] };
    const text = `{"input": "Peru?", "expected": "Lima"}\n\n${JSON.stringify(whole)}`;
    const cases = [{ input: "Peru?", expectations: contains("Lima") }, whole];
    expect(pasted(text)).toEqual({ cases, problems: [] });
    expect(pasted(JSON.stringify([{ input: "Peru?", expected: "Lima" }, whole])).cases).toEqual(cases);
  });

  it("tell what is wrong with which line, and keep the others", () => {
    const { cases, problems } = pasted("input,expected,type\nA,,\n,b,\nC,d,wish\nE,f,exact\n");
    expect(cases.map((each) => each.input)).toEqual(["E"]);
    expect(problems.map(({ line }) => line)).toEqual([2, 3, 4]);
    expect(pasted('{"input": "A", "expected": "b"}\n{"input":').problems.map(({ line }) => line)).toEqual([2]);
    expect(pasted("a,b\n1,2").problems).toHaveLength(1);
    expect(pasted(`input,expected\n${"a,b\n".repeat(501)}`)).toMatchObject({ cases: [], problems: [{ line: 0 }] });
    expect(pasted("")).toEqual({ cases: [], problems: [] });
  });
});

describe("an expectation", () => {
  it("keeps what was written when it becomes one of another kind", () => {
    const regex = expectation("regex", "Paris", expectation("contains", "Paris"));
    expect(wanted(expectation("judge", wanted(regex), regex))).toBe("Paris");
    expect(expectation("exact", "a", { type: "contains", value: "b", case_sensitive: true, weight: 3 })).toMatchObject({ case_sensitive: true, weight: 3 });
  });
});
