import { describe, expect, it } from "vitest";

import { advance, EMPTY, isOver, piecesOf, plainText, type Answer } from "./answer";

type Told = [type: string, data?: Record<string, unknown>];

function after(...told: Told[]): Answer {
  return told.map(([type, data], at) => ({ id: at + 1, type, data: data ?? {} })).reduce(advance, EMPTY);
}

const CALL = { tool_call_id: "c1", name: "sum", arguments: '{"numbers":[1,2]}' };

describe("an answer", () => {
  it("is the text of its events", () => {
    const answer = after(["run.started"], ["message.delta", { delta: "Hel" }], ["message.delta", { delta: "lo" }], ["run.completed"]);
    expect(answer.pieces).toEqual([{ kind: "text", text: "Hello" }]);
    expect([answer.state, isOver(answer)]).toEqual(["completed", true]);
  });

  it("takes no event twice", () => {
    const delta = { id: 5, type: "message.delta", data: { delta: "once" } };
    expect(plainText(advance(advance(EMPTY, delta), delta).pieces)).toBe("once");
  });

  it("begins its last text anew when the model is called anew", () => {
    const answer = after(
      ["message.delta", { delta: "Before." }],
      ["tool_call.started", CALL],
      ["message.delta", { delta: "Hal" }],
      ["message.restarted"],
      ["message.delta", { delta: "Half" }],
    );
    expect(plainText(answer.pieces)).toBe("Before.\n\nHalf");
  });

  it("has what is said at once, without pieces before", () => {
    expect(plainText(after(["message.completed", { content: "Whole." }]).pieces)).toBe("Whole.");
  });

  it("tells of a call from its begin to its result", () => {
    const begun = after(["tool_call.started", CALL]);
    expect(begun.pieces).toMatchObject([{ kind: "call", name: "sum", state: "running", arguments: CALL.arguments }]);
    const done = after(["tool_call.started", CALL], ["tool_call.completed", { ...CALL, content: "3", duration_ms: 12 }]);
    expect(done.pieces).toMatchObject([{ state: "done", result: "3", durationMs: 12 }]);
    const failed = after(["tool_call.started", CALL], ["tool_call.completed", { ...CALL, content: "no", is_error: true }]);
    expect(failed.pieces).toMatchObject([{ state: "failed", result: "no" }]);
  });

  it("waits for an approval, and goes on with what was approved", () => {
    const asked = after(["approval.required", { ...CALL, approval_uuid: "a1" }]);
    expect(asked).toMatchObject({ state: "waiting", pieces: [{ state: "asking", approval: "a1" }] });
    const edited = after(
      ["approval.required", { ...CALL, approval_uuid: "a1" }],
      ["tool_call.started", { ...CALL, arguments: '{"numbers":[40,2]}', approval: { status: "approved", edited: true } }],
    );
    expect(edited).toMatchObject({ state: "running", pieces: [{ state: "running", arguments: '{"numbers":[40,2]}' }] });
  });

  it("shows a call that was refused as such", () => {
    const refused = after(
      ["approval.required", { ...CALL, approval_uuid: "a1" }],
      ["tool_call.completed", { ...CALL, is_error: true, approval: { status: "refused" } }],
    );
    expect(refused.pieces).toMatchObject([{ state: "refused" }]);
  });

  it("says why it failed", () => {
    const error = { code: "model_unavailable", message: "The model does not answer." };
    expect(after(["run.failed", { error }])).toMatchObject({ state: "failed", error });
    expect(after(["run.cancelled"]).state).toBe("cancelled");
  });

  it("passes over events that it does not know", () => {
    expect(after(["something.new", { a: 1 }])).toEqual({ ...EMPTY, lastEvent: 1 });
  });
});

describe("a message that is kept", () => {
  it("is text, or parts in order with each call's result", () => {
    expect(piecesOf("Hello")).toEqual([{ kind: "text", text: "Hello" }]);
    const pieces = piecesOf([
      { type: "text", text: "Let me see." },
      { type: "tool_call", id: "c1", name: "sum", arguments: "{}" },
      { type: "tool_result", tool_call_id: "c1", content: "3" },
      { type: "text", text: "Three." },
    ]);
    expect(pieces).toMatchObject([{ kind: "text" }, { kind: "call", state: "done", result: "3" }, { kind: "text" }]);
    expect(plainText(pieces)).toBe("Let me see.\n\nThree.");
  });
});
