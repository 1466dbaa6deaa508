import { useQuery } from "@tanstack/react-query";
import { BookMarked } from "lucide-react";
import { useState } from "react";

import { api, value } from "@/api/client";
import { t } from "@/i18n";
import { useWorkspace } from "@/shell/workspace";
import { messageOf, Spinner } from "@/ui/state";

import type { Source } from "./answer";

/** What was remembered for an answer, and which of it the answer names. */
export function Sources({ sources }: { sources: readonly Source[] }) {
  if (sources.length === 0) return null;
  const cited = sources.filter((source) => source.cited).length;
  return (
    <details className="rounded-lg border">
      <summary className="flex items-center gap-2 rounded-lg px-3 py-2 text-muted hover:bg-hover [&_svg]:size-4">
        <BookMarked aria-hidden />
        {t("{cited} of {count} sources used", { cited, count: sources.length })}
      </summary>
      <ol className="grid gap-1 border-t p-2">
        {sources.map((source) => (
          <SourceItem key={source.number} source={source} />
        ))}
      </ol>
    </details>
  );
}

function placeOf(source: Source): string {
  const { type, url, position } = source.source ?? {};
  const parts = [url, type, position].filter((part) => typeof part === "string" || typeof part === "number");
  return parts.join(" · ") || source.kind;
}

function SourceItem({ source }: { source: Source }) {
  const workspace = useWorkspace();
  const [isOpen, setOpen] = useState(false);
  const memory = useQuery({
    queryKey: ["memory", workspace.uuid, source.memory_uuid],
    queryFn: async () => {
      const params = { path: { memory_uuid: source.memory_uuid }, query: { workspace_uuid: workspace.uuid } };
      return (await value(api.GET("/api/v1/memories/{memory_uuid}", { params }))).data;
    },
    enabled: isOpen,
  });
  return (
    <li>
      <details onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary className="flex gap-2 rounded-md px-1 py-1 hover:bg-hover">
          <span className="text-muted tabular-nums">[{source.number}]</span>
          <span className="min-w-0 flex-1 truncate">{placeOf(source)}</span>
          {source.cited && <span className="text-xs text-accent-ink">{t("used")}</span>}
        </summary>
        <p className="px-2 py-1 break-words whitespace-pre-wrap text-muted" dir="auto">
          {memory.isPending ? <Spinner /> : memory.isError ? messageOf(memory.error) : memory.data.content}
        </p>
      </details>
    </li>
  );
}
