/** Which events a webhook is sent: single ones, families such as `agent.*`, or `*` for all. */
import type { Schemas } from "@/api/client";

export const EVERYTHING = "*";

export interface EventGroup {
  /** Such as `agent.*`. */
  family: string;
  /** Such as `agent.updated`. */
  names: readonly string[];
}

export function groupsOf(types: readonly Schemas["EventType"][]): EventGroup[] {
  const groups = new Map<string, string[]>();
  for (const { name, family } of types) groups.set(family, [...(groups.get(family) ?? []), name]);
  return [...groups].map(([family, names]) => ({ family, names }));
}

/** Those that are chosen after a box was clicked; a family stands for all of its events. */
export function toggled(chosen: readonly string[], group: EventGroup, name: string): string[] {
  const others = chosen.filter((each) => each !== group.family && !group.names.includes(each));
  if (name === group.family) return chosen.includes(name) ? others : [...others, name];
  const before = chosen.includes(group.family) ? group.names : group.names.filter((each) => chosen.includes(each));
  const after = group.names.filter((each) => (each === name ? !before.includes(each) : before.includes(each)));
  return [...others, ...(after.length === group.names.length ? [group.family] : after)];
}

/** The groups that have to do with what is looked for. */
export function matching(groups: readonly EventGroup[], wanted: string): EventGroup[] {
  const words = wanted.trim().toLowerCase();
  return groups.filter((group) => [group.family, ...group.names].some((each) => each.includes(words)));
}
