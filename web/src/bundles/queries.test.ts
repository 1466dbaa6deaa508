import { describe, expect, it } from "vitest";

import { byWeight, isPending, type Action, type Plan, type PlannedResource } from "./queries";

const resource = (key: string, action: Action): PlannedResource => ({ kind: "agents", key, name: key, action, uuid: null, changes: [] });

describe("a plan", () => {
  it("shows what needs a look first, and keeps the order within", () => {
    const given = [resource("a", "unchanged"), resource("b", "create"), resource("c", "conflict"), resource("d", "create")];
    expect(byWeight(given).map((each) => each.key)).toEqual(["c", "b", "d", "a"]);
  });

  it("is done when nothing would change", () => {
    const plan = (action: Action): Plan => ({ resources: [resource("a", action)] }) as unknown as Plan;
    expect(isPending(plan("left"))).toBe(false);
    expect(isPending(plan("update"))).toBe(true);
  });
});
