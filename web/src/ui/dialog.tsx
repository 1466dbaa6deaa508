import { X } from "lucide-react";
import { useEffect, useId, useRef, type ReactNode } from "react";

import { t } from "@/i18n";

import { IconButton } from "./button";
import { cn } from "./classes";

interface DialogProps {
  title: string;
  onClose: () => void;
  children: ReactNode;
  /** Where it stands: in the middle, at the top (to search), or from the edge where lines begin over the whole height. */
  place?: "middle" | "top" | "start";
  className?: string;
}

const PLACES = {
  middle: "m-auto w-[min(28rem,calc(100vw-2rem))] rounded-xl border p-5",
  top: "mx-auto mt-[12vh] mb-auto w-[min(36rem,calc(100vw-2rem))] rounded-xl border",
  start: "m-0 h-dvh max-h-none w-[min(18rem,85vw)] border-e",
} as const;

/** The browser's own modal dialog: it keeps the focus, closes by Escape, and gives the focus back. */
export function Dialog({ title, onClose, children, place = "middle", className }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    dialog.current?.showModal();
  }, []);
  return (
    <dialog
      ref={dialog}
      aria-labelledby={id}
      onClose={onClose}
      onClick={(event) => {
        if (event.target === dialog.current) dialog.current.close();
      }}
      className={cn("animate-appear overflow-hidden bg-raised p-0 shadow-pop", PLACES[place], className)}
    >
      {place === "middle" ? (
        <header className="mb-3 flex items-center justify-between">
          <h2 id={id} className="text-base font-semibold">
            {title}
          </h2>
          <IconButton label={t("Close")} onClick={() => dialog.current?.close()}>
            <X />
          </IconButton>
        </header>
      ) : (
        <h2 id={id} className="sr-only">
          {title}
        </h2>
      )}
      {children}
    </dialog>
  );
}
