import { describe, expect, it } from "vitest";

import { asQuery, validateFilters } from "./search";

describe("the filters of executions", () => {
  it("are read from any address, and what is none is left out", () => {
    expect(validateFilters({ status: "failed", trigger: "owl", period: "day", longer: "10", from: "2026-02-31x" })).toEqual({
      status: "failed",
      period: "day",
      longer: 10,
    });
    expect(validateFilters({ search: 404, workflow: "", longer: -1, from: "2026-02-03" })).toEqual({
      search: "404",
      from: "2026-02-03",
    });
  });

  it("ask for whole days where the user is, or for the time until now", () => {
    const query = asQuery({ from: "2026-02-03", to: "2026-02-28", longer: 2 }, 0);
    expect(query).toEqual({
      created_after: new Date(2026, 1, 3).toISOString(),
      created_before: new Date(2026, 2, 1).toISOString(),
      min_duration_ms: 2000,
    });
    expect(asQuery({ period: "hour", from: "2026-02-03" }, 3_600_000)).toEqual({ created_after: "1970-01-01T00:00:00.000Z" });
  });
});
