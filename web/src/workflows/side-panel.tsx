import { X } from "lucide-react";
import type { ReactNode } from "react";

import { t } from "@/i18n";
import { IconButton } from "@/ui/button";

interface SidePanelProps {
  title: string;
  onClose: () => void;
  actions?: ReactNode;
  children: ReactNode;
}

/** What stands beside the canvas; on a phone, below it. */
export function SidePanel({ title, onClose, actions, children }: SidePanelProps) {
  return (
    <aside
      aria-label={title}
      className="flex w-[23rem] max-w-[45vw] shrink-0 flex-col border-s bg-canvas max-md:h-[55%] max-md:w-full max-md:max-w-none max-md:border-s-0 max-md:border-t"
    >
      <header className="flex items-center gap-1 px-4 pt-3 pb-2">
        <h2 dir="auto" className="min-w-0 flex-1 truncate font-semibold">
          {title}
        </h2>
        {actions}
        <IconButton label={t("Close")} onClick={onClose}>
          <X />
        </IconButton>
      </header>
      <div className="flex min-h-0 flex-1 flex-col gap-4 overflow-y-auto px-4 pb-6">{children}</div>
    </aside>
  );
}
