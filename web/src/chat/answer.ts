/** An answer as it is put together from the events of its run. Pure: the same events give the same answer. */
import type { RunEvent } from "./sse";

export type CallState = "asking" | "running" | "done" | "failed" | "refused";

export interface ToolCall {
  kind: "call";
  id: string;
  name: string;
  arguments: string;
  state: CallState;
  result: string;
  durationMs: number | null;
  approval: string | null;
}

export interface TextPiece {
  kind: "text";
  text: string;
}

export type Piece = TextPiece | ToolCall;

export interface Source {
  number: number;
  memory_uuid: string;
  kind: string;
  score: number;
  source: Record<string, unknown> | null;
  cited: boolean;
}

export type RunState = "running" | "waiting" | "completed" | "failed" | "cancelled";

export interface Answer {
  lastEvent: number;
  state: RunState;
  pieces: Piece[];
  sources: Source[];
  /** What the agent does while there is no text to see. */
  activity: string | null;
  error: { code: string; message: string } | null;
}

export const EMPTY: Answer = { lastEvent: 0, state: "running", pieces: [], sources: [], activity: null, error: null };

const ENDS: Record<string, RunState> = {
  "run.completed": "completed",
  "run.failed": "failed",
  "run.cancelled": "cancelled",
};

export function isOver(answer: Answer): boolean {
  return answer.state !== "running" && answer.state !== "waiting";
}

/** The answer after one more event; events that were seen already change nothing. */
export function advance(answer: Answer, event: RunEvent): Answer {
  if (event.id <= answer.lastEvent) return answer;
  return { ...change(answer, event), lastEvent: event.id };
}

function change(answer: Answer, { type, data }: RunEvent): Answer {
  const end = ENDS[type];
  if (end) return { ...answer, state: end, activity: null, error: (data["error"] as Answer["error"]) ?? null };
  switch (type) {
    case "message.delta":
      return { ...answer, state: "running", activity: null, pieces: withText(answer.pieces, text(data["delta"])) };
    case "message.restarted":
      return { ...answer, pieces: withoutLastText(answer.pieces) };
    case "message.completed":
      return completed(answer, data);
    case "approval.required":
      return call({ ...answer, state: "waiting" }, data, { state: "asking", approval: text(data["approval_uuid"]) });
    case "tool_call.started":
      return call({ ...answer, state: "running" }, data, { state: "running" });
    case "tool_call.completed":
      return call({ ...answer, state: "running" }, data, {
        state: outcome(data),
        result: text(data["content"]),
        durationMs: (data["duration_ms"] as number | undefined) ?? null,
      });
    case "memory.recalled":
      return { ...answer, activity: "Looking things up" };
    case "agent.handed_over":
      return { ...answer, activity: text(data["name"]) };
    default:
      return answer;
  }
}

function completed(answer: Answer, data: Record<string, unknown>): Answer {
  const content = text(data["content"]);
  const said = answer.pieces.some((piece) => piece.kind === "text" && piece.text);
  const pieces = said || !content ? answer.pieces : withText(answer.pieces, content);
  return { ...answer, activity: null, pieces, sources: (data["sources"] as Source[] | null) ?? answer.sources };
}

function outcome(data: Record<string, unknown>): CallState {
  const approval = data["approval"] as { status?: string } | undefined;
  if (approval && approval.status !== "approved") return "refused";
  return data["is_error"] ? "failed" : "done";
}

function call(answer: Answer, data: Record<string, unknown>, changes: Partial<ToolCall>): Answer {
  const id = text(data["tool_call_id"]);
  const at = answer.pieces.findIndex((piece) => piece.kind === "call" && piece.id === id);
  const known = answer.pieces[at] as ToolCall | undefined;
  const before: ToolCall = known ?? {
    kind: "call",
    id,
    name: text(data["name"]),
    arguments: "",
    state: "running",
    result: "",
    durationMs: null,
    approval: null,
  };
  const given = typeof data["arguments"] === "string" ? { arguments: data["arguments"] } : {};
  const next = { ...before, ...given, ...changes };
  const pieces = known ? answer.pieces.with(at, next) : [...answer.pieces, next];
  return { ...answer, pieces };
}

function withText(pieces: Piece[], more: string): Piece[] {
  const last = pieces.at(-1);
  if (last?.kind !== "text") return [...pieces, { kind: "text", text: more }];
  return [...pieces.slice(0, -1), { kind: "text", text: last.text + more }];
}

function withoutLastText(pieces: Piece[]): Piece[] {
  return pieces.at(-1)?.kind === "text" ? pieces.slice(0, -1) : pieces;
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

interface StoredPart {
  type: string;
  text?: string;
  id?: string;
  name?: string;
  arguments?: string;
  tool_call_id?: string;
  content?: string;
  is_error?: boolean;
}

/** The pieces of a message that is kept, whose calls are all at their end. */
export function piecesOf(content: string | readonly StoredPart[]): Piece[] {
  if (typeof content === "string") return content ? [{ kind: "text", text: content }] : [];
  const results = new Map(content.filter((part) => part.type === "tool_result").map((part) => [part.tool_call_id, part]));
  return content.flatMap((part): Piece[] => {
    if (part.type === "text") return [{ kind: "text", text: part.text ?? "" }];
    if (part.type !== "tool_call") return [];
    const result = results.get(part.id);
    return [
      {
        kind: "call",
        id: part.id ?? "",
        name: part.name ?? "",
        arguments: part.arguments ?? "",
        state: result && !result.is_error ? "done" : "failed",
        result: result?.content ?? "",
        durationMs: null,
        approval: null,
      },
    ];
  });
}

/** What was said, without what was called. */
export function plainText(pieces: readonly Piece[]): string {
  return pieces.flatMap((piece) => (piece.kind === "text" ? [piece.text] : [])).join("\n\n");
}
