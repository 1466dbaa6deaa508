/** Short notices at the edge of the page: that something was done, and errors of what was done by a click. */
import { X } from "lucide-react";
import { useSyncExternalStore } from "react";

import { t } from "@/i18n";

import { IconButton } from "./button";
import { Failure } from "./state";

const SHOWN_MILLISECONDS = 8_000;
const MOST = 3;

type Notice = { error: unknown } | { text: string };
type Toast = Notice & { id: number };

let toasts: readonly Toast[] = [];
let next = 0;
const listeners = new Set<() => void>();

function change(changed: readonly Toast[]): void {
  toasts = changed;
  for (const listener of listeners) listener();
}

function dismiss(id: number): void {
  change(toasts.filter((each) => each.id !== id));
}

/** Tells of an error that belongs to no place of the page. */
export function notifyFailure(error: unknown): void {
  show({ error });
}

/** Tells that something was done. */
export function notify(text: string): void {
  show({ text });
}

function show(notice: Notice): void {
  const id = next++;
  change([...toasts, { ...notice, id }].slice(-MOST));
  setTimeout(() => dismiss(id), SHOWN_MILLISECONDS);
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function Toasts() {
  const shown = useSyncExternalStore(subscribe, () => toasts);
  return (
    <div className="pointer-events-none fixed inset-x-4 bottom-4 z-50 flex flex-col items-end gap-2">
      {shown.map((each) => (
        <div key={each.id} className="pointer-events-auto flex w-full max-w-sm animate-appear items-start rounded-lg border bg-raised shadow-pop">
          {"error" in each ? (
            <Failure error={each.error} className="flex-1 bg-transparent" />
          ) : (
            <p role="status" className="flex-1 p-3">
              {each.text}
            </p>
          )}
          <IconButton label={t("Dismiss")} onClick={() => dismiss(each.id)} className="m-1">
            <X />
          </IconButton>
        </div>
      ))}
    </div>
  );
}
