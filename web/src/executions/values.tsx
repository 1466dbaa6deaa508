/** Values and errors of executions. */
import { TriangleAlert } from "lucide-react";

import { localAddress, type Schemas } from "@/api/client";
import { formatBytes } from "@/format";
import { t } from "@/i18n";
import { JsonView } from "@/ui/json-view";

interface Truncated {
  truncated: true;
  size: number;
  begin: string;
  url?: string | null;
}

/** A value as a tree; of one that is too long to be shown, its begin and where the whole is. */
export function ValueView({ title, value }: { title: string; value: unknown }) {
  return (
    <section aria-label={title} className="min-w-0">
      <h3 className="mb-1.5 font-medium">{title}</h3>
      <div tabIndex={0} role="group" aria-label={title} className="max-h-96 overflow-auto rounded-lg border bg-panel p-2">
        {isTruncated(value) ? <Long value={value} /> : value === null || value === undefined ? <p className="text-muted">{t("Nothing")}</p> : <JsonView value={value} />}
      </div>
    </section>
  );
}

/** A node may give something that looks alike: what does not hold together is a value as any other. */
export function isTruncated(value: unknown): value is Truncated {
  if (typeof value !== "object" || value === null) return false;
  const { truncated, size, begin, url } = value as Partial<Record<keyof Truncated, unknown>>;
  const leadsSomewhere = url === undefined || url === null || (typeof url === "string" && URL.canParse(url, location.origin));
  return truncated === true && typeof size === "number" && typeof begin === "string" && leadsSomewhere;
}

function Long({ value }: { value: Truncated }) {
  return (
    <>
      <pre className="font-mono text-[13px] break-words whitespace-pre-wrap">{value.begin} …</pre>
      <p className="mt-2 text-muted">
        {formatBytes(value.size)}
        {value.url && (
          <>
            {" · "}
            <a href={localAddress(value.url)} target="_blank" rel="noopener" className="text-accent-ink underline">
              {t("Open the whole value")}
            </a>
          </>
        )}
      </p>
    </>
  );
}

interface ErrorViewProps {
  error: Schemas["ExecutionError"];
  /** Without what else is known of it. */
  isBrief?: boolean;
}

export function ErrorView({ error: { code, message, node_id, ...rest }, isBrief = false }: ErrorViewProps) {
  const more = isBrief ? {} : rest;
  const texts = Object.entries(more).filter((each): each is [string, string] => typeof each[1] === "string" && each[1].includes("\n"));
  const facts = Object.fromEntries(Object.entries(more).filter(([name]) => !texts.some(([other]) => other === name)));
  return (
    <section aria-label={t("Error")} className="flex items-start gap-3 rounded-lg bg-danger-soft p-3">
      <TriangleAlert className="mt-0.5 size-4 shrink-0 text-danger" aria-hidden />
      <div className="min-w-0 flex-1">
        <p dir="auto" className="break-words whitespace-pre-wrap text-danger">
          {message}
        </p>
        <p className="mt-0.5 text-xs">
          <code className="break-all">{code}</code>
          {node_id && ` · ${t("at {node}", { node: node_id })}`}
        </p>
        {texts.map(([name, written]) => (
          <pre key={name} tabIndex={0} aria-label={name} className="mt-2 max-h-72 overflow-auto rounded-md bg-canvas p-2 font-mono text-xs">
            {written}
          </pre>
        ))}
        {Object.keys(facts).length > 0 && (
          <div className="mt-2 overflow-x-auto">
            <JsonView value={facts} />
          </div>
        )}
      </div>
    </section>
  );
}
