/** A page of the console that is not a chat: its title, what can be done there, and its content. */
import { useEffect, type ReactNode } from "react";
import { createPortal } from "react-dom";

import { useShell } from "@/shell/shell-context";

import { cn } from "./classes";

interface PageProps {
  title: string;
  /** What leads here, such as a link to the list that this is of. */
  above?: ReactNode;
  /** What is said below the title. */
  about?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
  /** How wide the content may be: as text reads best, as tables need, or as the window is. */
  width?: "text" | "table" | "full";
}

const WIDTHS = { text: "max-w-3xl", table: "max-w-6xl", full: "max-w-none" } as const;

export function Page({ title, above, about, actions, children, width = "table" }: PageProps) {
  const { titlePlace } = useShell();
  useTitle(title);
  return (
    <div className="min-h-0 flex-1 overflow-y-auto [scrollbar-gutter:stable]">
      {titlePlace && createPortal(title, titlePlace)}
      <div className={cn("mx-auto flex w-full flex-col gap-5 p-4 md:px-8 md:py-6", WIDTHS[width])}>
        <header className="flex flex-wrap items-start gap-x-4 gap-y-3">
          <div className="min-w-[min(14rem,100%)] flex-1">
            {above && <div className="mb-1 text-muted">{above}</div>}
            <h1 dir="auto" className="text-xl font-semibold break-words">
              {title}
            </h1>
            {about && <div className="mt-1 text-muted">{about}</div>}
          </div>
          {actions && <div className="flex flex-wrap items-center gap-2">{actions}</div>}
        </header>
        {children}
      </div>
    </div>
  );
}

/** Names the browser's tab. */
export function useTitle(title: string): void {
  useEffect(() => {
    document.title = title ? `${title} · Athena` : "Athena";
  }, [title]);
}

interface SectionProps {
  title: string;
  about?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
}

/** A part of a page under a heading of its own. */
export function Section({ title, about, actions, children }: SectionProps) {
  return (
    <section className="flex flex-col gap-3" aria-label={title}>
      <div className="flex flex-wrap items-start justify-between gap-x-4 gap-y-2">
        <div>
          <h2 className="font-semibold">{title}</h2>
          {about && <div className="text-muted">{about}</div>}
        </div>
        {actions && <div className="flex flex-wrap gap-2">{actions}</div>}
      </div>
      {children}
    </section>
  );
}
