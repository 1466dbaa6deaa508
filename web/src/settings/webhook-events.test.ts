import { describe, expect, it } from "vitest";

import { groupsOf, matching, toggled } from "./webhook-events";

const TYPES = [
  { name: "agent.created", family: "agent.*" },
  { name: "agent.updated", family: "agent.*" },
  { name: "run.failed", family: "run.*" },
  { name: "run.started", family: "run.*" },
];
const groups = groupsOf(TYPES);
const [agents] = groups as [(typeof groups)[number]];

describe("the events of a webhook", () => {
  it("are grouped by family, and found by any of their names", () => {
    expect(groups.map((each) => each.names.length)).toEqual([2, 2]);
    expect(matching(groups, "fail").map((each) => each.family)).toEqual(["run.*"]);
  });

  it("become their family once all of them are chosen", () => {
    expect(toggled(["run.failed", "agent.created"], agents, "agent.updated")).toEqual(["run.failed", "agent.*"]);
  });

  it("stay, but for the one that is taken out of a family", () => {
    expect(toggled(["agent.*", "run.failed"], agents, "agent.created")).toEqual(["run.failed", "agent.updated"]);
  });

  it("go and come with their family", () => {
    expect(toggled(["agent.*", "run.failed"], agents, "agent.*")).toEqual(["run.failed"]);
    expect(toggled(["agent.created"], agents, "agent.*")).toEqual(["agent.*"]);
  });
});
