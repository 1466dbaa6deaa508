/** A thread's messages are a tree: an edit or a new answer begins a branch beside the one before. */

export interface Node {
  uuid: string;
  parent_uuid: string | null;
}

export interface Step<T> {
  message: T;
  /** The uuids of this message and of those beside it, oldest first. */
  siblings: string[];
}

/** Messages by what they follow; one whose parent is not among them follows nothing. */
function byParent<T extends Node>(messages: readonly T[]): Map<string | null, T[]> {
  const known = new Set(messages.map((message) => message.uuid));
  const children = new Map<string | null, T[]>();
  for (const message of messages) {
    const parent = message.parent_uuid !== null && known.has(message.parent_uuid) ? message.parent_uuid : null;
    children.set(parent, [...(children.get(parent) ?? []), message]);
  }
  return children;
}

/**
 * The branch that ends in `leaf`, or in the newest message: from the oldest message that is there to the newest one
 * after `leaf`. `messages` are in the order of their uuids, which is that of time.
 */
export function branch<T extends Node>(messages: readonly T[], leaf: string | null): Step<T>[] {
  const byUuid = new Map(messages.map((message) => [message.uuid, message]));
  const children = byParent(messages);
  const end = newestAfter(children, (leaf !== null ? byUuid.get(leaf) : undefined) ?? messages.at(-1));
  const steps: Step<T>[] = [];
  for (let at = end; at !== undefined; at = at.parent_uuid === null ? undefined : byUuid.get(at.parent_uuid)) {
    const parent = at.parent_uuid !== null && byUuid.has(at.parent_uuid) ? at.parent_uuid : null;
    const beside = parent === null && at.parent_uuid !== null ? [at] : (children.get(parent) ?? [at]);
    steps.push({ message: at, siblings: beside.map((each) => each.uuid) });
  }
  return steps.reverse();
}

/** The newest message of what comes after one. */
function newestAfter<T extends Node>(children: Map<string | null, T[]>, from: T | undefined): T | undefined {
  let newest = from;
  const open = from ? [from] : [];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (newest && next.uuid > newest.uuid) newest = next;
    open.push(...(children.get(next.uuid) ?? []));
  }
  return newest;
}
