import { ChevronRight } from "lucide-react";
import type { ReactNode } from "react";

interface FoldProps {
  title: string;
  /** What is set within, in a word or two. */
  state?: ReactNode;
  isOpen?: boolean;
  children: ReactNode;
}

/** A part of a form that few need: folded, it says what is set in it. */
export function Fold({ title, state, isOpen = false, children }: FoldProps) {
  return (
    <details open={isOpen} className="group rounded-xl border">
      <summary className="flex items-center gap-2 rounded-xl px-4 py-3 hover:bg-hover">
        <ChevronRight className="size-4 shrink-0 text-muted transition-transform group-open:rotate-90 rtl:-scale-x-100" aria-hidden />
        <span className="font-medium">{title}</span>
        <span className="ms-auto truncate text-muted">{state}</span>
      </summary>
      <div className="grid gap-4 border-t p-4">{children}</div>
    </details>
  );
}
