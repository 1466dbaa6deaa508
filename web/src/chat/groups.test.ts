import { describe, expect, it } from "vitest";

import { byTime } from "./groups";

const NOW = new Date(2026, 10, 24, 15, 0);

function at(...when: [number, number, number, number?]): { last_message_at: string } {
  return { last_message_at: new Date(...when).toISOString() };
}

describe("threads by time", () => {
  it("are in folders as a person would name them", () => {
    const items = [
      at(2026, 10, 24, 14),
      at(2026, 10, 24, 0),
      at(2026, 10, 23, 23),
      at(2026, 10, 18, 12),
      at(2026, 10, 1, 12),
      at(2026, 8, 2),
      at(2025, 11, 31),
    ];
    expect(byTime(items, NOW).map((group) => [group.title, group.items.length])).toEqual([
      ["Today", 2],
      ["Yesterday", 1],
      ["Previous 7 days", 1],
      ["Previous 30 days", 1],
      ["2026-09", 1],
      ["2025-12", 1],
    ]);
  });

  it("are of today, too, when the server's clock goes a little before", () => {
    expect(byTime([at(2026, 10, 24, 16)], NOW).map((group) => group.title)).toEqual(["Today"]);
  });
});
