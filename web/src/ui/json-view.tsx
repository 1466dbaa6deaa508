import { ChevronRight } from "lucide-react";
import { useState } from "react";

import { t } from "@/i18n";

const SHOWN_AT_FIRST = 50;
const OPEN_DEPTH = 2;

/** A value as a tree that unfolds. */
export function JsonView({ value, name, depth = 0 }: { value: unknown; name?: string; depth?: number }) {
  const [isOpen, setOpen] = useState(depth < OPEN_DEPTH);
  const [shown, setShown] = useState(SHOWN_AT_FIRST);
  const heading = name !== undefined && <span className="text-muted">{name}: </span>;
  if (typeof value !== "object" || value === null) {
    return (
      <div className="ps-5 font-mono text-[13px] break-words">
        {heading}
        <Scalar value={value} />
      </div>
    );
  }
  const entries = Object.entries(value);
  const isList = Array.isArray(value);
  return (
    <div className="font-mono text-[13px]">
      <button type="button" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)} className="flex min-h-6 items-center gap-1 rounded text-start hover:bg-hover">
        <ChevronRight className={`size-4 shrink-0 text-muted transition-transform ${isOpen ? "rotate-90" : "rtl:-scale-x-100"}`} aria-hidden />
        <span>
          {heading}
          <span className="text-muted">{isList ? `[${entries.length}]` : `{${entries.length}}`}</span>
        </span>
      </button>
      {isOpen && (
        <div className="ms-2 border-s ps-1">
          {entries.slice(0, shown).map(([key, each]) => (
            <JsonView key={key} name={key} value={each} depth={depth + 1} />
          ))}
          {entries.length > shown && (
            <button type="button" onClick={() => setShown(shown * 4)} className="ps-5 text-accent-ink underline">
              {t("Show more")}
            </button>
          )}
        </div>
      )}
    </div>
  );
}

function Scalar({ value }: { value: unknown }) {
  if (typeof value === "string") return <span className="hljs-string whitespace-pre-wrap">{JSON.stringify(value)}</span>;
  if (typeof value === "number") return <span className="hljs-number">{value}</span>;
  return <span className="hljs-keyword">{String(value)}</span>;
}
