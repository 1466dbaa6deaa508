/** Server-sent events over `fetch`, which can say after which event to go on; `EventSource` cannot. */

export interface RunEvent {
  id: number;
  type: string;
  data: Record<string, unknown>;
}

/** Takes pieces of a stream, however they are cut, and gives the events that are whole. */
export class EventParser {
  private rest = "";

  push(piece: string): RunEvent[] {
    const blocks = (this.rest + piece).replaceAll("\r\n", "\n").split("\n\n");
    this.rest = blocks.pop() ?? "";
    return blocks.flatMap((block) => parseBlock(block) ?? []);
  }
}

function parseBlock(block: string): RunEvent | null {
  const fields = new Map<string, string>();
  for (const line of block.split("\n")) {
    const colon = line.indexOf(":");
    if (colon > 0) fields.set(line.slice(0, colon), line.slice(colon + 1).trimStart());
  }
  const [id, type, data] = [fields.get("id"), fields.get("event"), fields.get("data")];
  if (!id || !type || !data) return null;
  return { id: Number(id), type, data: JSON.parse(data) as Record<string, unknown> };
}
