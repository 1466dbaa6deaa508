import { describe, expect, it } from "vitest";

import { branch } from "./tree";

// 1 ─ 2 ─ 3 ─ 4
//  └─ 5        (answered anew)
// 6 ─ 7        (the first message edited)
const MESSAGES = [
  { uuid: "1", parent_uuid: null },
  { uuid: "2", parent_uuid: "1" },
  { uuid: "3", parent_uuid: "2" },
  { uuid: "4", parent_uuid: "3" },
  { uuid: "5", parent_uuid: "1" },
  { uuid: "6", parent_uuid: null },
  { uuid: "7", parent_uuid: "6" },
];

function shown(messages: typeof MESSAGES, leaf: string | null): string {
  return branch(messages, leaf)
    .map(({ message, siblings }) => (siblings.length > 1 ? `${message.uuid}(${siblings.join()})` : message.uuid))
    .join(" ");
}

describe("a branch", () => {
  it("is the newest one", () => {
    expect(shown(MESSAGES, null)).toBe("6(1,6) 7");
    expect(shown(MESSAGES.slice(0, 5), null)).toBe("1 5(2,5)");
  });

  it("is that of a message, to the newest that follows it", () => {
    expect(shown(MESSAGES, "2")).toBe("1(1,6) 2(2,5) 3 4");
    expect(shown(MESSAGES, "1")).toBe("1(1,6) 5(2,5)");
    expect(shown(MESSAGES, "4")).toBe("1(1,6) 2(2,5) 3 4");
  });

  it("begins with what is there, as long as the rest is not loaded", () => {
    expect(shown(MESSAGES.slice(2, 4), null)).toBe("3 4");
  });

  it("is empty without messages, and the newest for a message that is not there", () => {
    expect(branch([], null)).toEqual([]);
    expect(shown(MESSAGES, "nothing")).toBe("6(1,6) 7");
  });
});
