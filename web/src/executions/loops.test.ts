import { expect, test } from "vitest";

import { bodyOf } from "./loops";

const node = (id: string, type = "set") => ({ id, type, position: { x: 0, y: 0 }, data: {} });
const edge = (source: string, target: string, source_handle: string | null = null) => ({ source, target, source_handle });

test("a loop's body is what its port item leads to, without what loops within it run", () => {
  const nodes = [node("each", "loop"), node("a"), node("inner", "loop"), node("deep"), node("b"), node("after")];
  const edges = [
    edge("each", "a", "item"),
    edge("a", "inner"),
    edge("inner", "deep", "item"),
    edge("deep", "inner"),
    edge("inner", "b", "done"),
    edge("b", "each"),
    edge("each", "after", "done"),
  ];
  expect(bodyOf({ nodes, edges } as never, "each")).toEqual(["a", "inner", "b"]);
  expect(bodyOf({ nodes, edges } as never, "inner")).toEqual(["deep"]);
});
