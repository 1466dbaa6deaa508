import { afterEach, expect, test } from "vitest";

import { formatNumber, formatTime, setLocale } from "./format";
import { beginOfDay, dateOf, setTimeZone } from "./zone";

afterEach(() => {
  setTimeZone(undefined);
  setLocale(undefined);
});

test("days begin by the clocks of the chosen zone, also where these change", () => {
  setTimeZone("America/New_York");
  expect(beginOfDay(2026, 3, 8).toISOString()).toBe("2026-03-08T05:00:00.000Z");
  expect(beginOfDay(2026, 3, 9).toISOString()).toBe("2026-03-09T04:00:00.000Z");
  expect(beginOfDay(2026, 11, 1 + 1).toISOString()).toBe("2026-11-02T05:00:00.000Z");
  setTimeZone("Pacific/Auckland");
  expect(beginOfDay(2026, 1, 0).toISOString()).toBe("2025-12-30T11:00:00.000Z");
  expect(dateOf(new Date("2026-06-30T23:30:00Z"))).toEqual([2026, 7, 1]);
});

test("times and numbers are written as the user chose", () => {
  setTimeZone("Asia/Tokyo");
  setLocale("de-DE");
  expect(formatTime("2026-01-31T20:05:00Z")).toBe("01.02.2026, 05:05");
  expect(formatNumber(1234.5)).toBe("1.234,5");
});
