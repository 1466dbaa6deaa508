/** Threads in folders by when something was last said in them. */

import { beginOfDay, dateOf } from "@/zone";

const DAY = 86_400_000;

export interface Group<T> {
  /** A text to translate, or a month as `2026-11`. */
  title: string;
  items: T[];
}

/** `items` come newest first, and stay in their order. */
export function byTime<T extends { last_message_at: string }>(items: readonly T[], now: Date): Group<T>[] {
  const groups: Group<T>[] = [];
  for (const item of items) {
    const title = folder(new Date(item.last_message_at), now);
    const last = groups.at(-1);
    if (last?.title === title) last.items.push(item);
    else groups.push({ title, items: [item] });
  }
  return groups;
}

function folder(at: Date, now: Date): string {
  const midnight = beginOfDay(...dateOf(now)).getTime();
  const days = Math.ceil((midnight - at.getTime()) / DAY);
  if (days <= 0) return "Today";
  if (days === 1) return "Yesterday";
  if (days <= 7) return "Previous 7 days";
  if (days <= 30) return "Previous 30 days";
  const [year, month] = dateOf(at);
  return `${year}-${String(month).padStart(2, "0")}`;
}
