import { describe, expect, it } from "vitest";

import { EventParser } from "./sse";

const STREAM = 'id: 1\nevent: run.started\ndata: {"kind":"thread"}\n\n: keep-alive\n\nid: 2\nevent: message.delta\ndata: {"delta":"a: b\\n\\nc"}\n\n';

describe("a stream of events", () => {
  it("is read whole", () => {
    expect(new EventParser().push(STREAM)).toEqual([
      { id: 1, type: "run.started", data: { kind: "thread" } },
      { id: 2, type: "message.delta", data: { delta: "a: b\n\nc" } },
    ]);
  });

  it("is read the same, however it is cut", () => {
    const whole = new EventParser().push(STREAM);
    for (let size = 1; size < STREAM.length; size++) {
      const parser = new EventParser();
      const events = [];
      for (let at = 0; at < STREAM.length; at += size) events.push(...parser.push(STREAM.slice(at, at + size)));
      expect(events).toEqual(whole);
    }
  });

  it("gives nothing of an event that has not ended", () => {
    expect(new EventParser().push('id: 1\nevent: run.started\ndata: {"kind"')).toEqual([]);
  });
});
