/** What a node got and gave in an execution. */
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { ApiError, localAddress } from "@/api/client";
import { formatBytes, formatCost, formatNumber } from "@/format";
import { t } from "@/i18n";
import { Button } from "@/ui/button";
import { JsonView } from "@/ui/json-view";
import { Failure } from "@/ui/state";

import { columnsOf, type NodeTotals } from "./execution";
import { StateBadge } from "./looks";
import { PassView } from "./pass-view";

const MOST_ROWS = 100;

export function NodeResult({ result, execution }: { result: NodeTotals; execution: string }) {
  const ports = Object.entries(result.outputs);
  return (
    <div className="grid gap-4">
      <p className="flex flex-wrap items-center gap-x-3 gap-y-1 text-muted">
        <StateBadge status={result.status} />
        {result.duration_ms !== null && <span>{formatNumber(result.duration_ms)} ms</span>}
        {result.attempts > 1 && <span>{t("{count} attempts", { count: result.attempts })}</span>}
        {result.items !== null && <span>{t("{count} passes", { count: result.items })}</span>}
        {result.usage && result.usage.cost > 0 && <span>{formatCost(result.usage.cost)}</span>}
      </p>
      {result.error && (
        <p role="alert" className="rounded-lg bg-danger-soft p-3 break-words text-danger">
          {result.error.message} <code className="font-mono text-xs">{result.error.code}</code>
        </p>
      )}
      {result.items === null && <ValueView title={t("Input")} value={result.input} />}
      {result.items !== null && result.items > 0 && <PassView execution={execution} node={result.node_id} count={result.items} />}
      {ports.map(([port, value]) => (
        <ValueView key={port} title={ports.length > 1 || port !== "output" ? `${t("Output")}: ${port}` : t("Output")} value={value} />
      ))}
    </div>
  );
}

type Form = "tree" | "table" | "json";
const FORMS: readonly { form: Form; label: string }[] = [
  { form: "tree", label: "Tree" },
  { form: "table", label: "Table" },
  { form: "json", label: "JSON" },
];

interface Cut {
  truncated: true;
  size: number;
  begin: string;
  url?: string;
}

export function ValueView({ title, value }: { title: string; value: unknown }) {
  const cut = isCut(value) ? value : null;
  const [isWanted, setWanted] = useState(false);
  const whole = useQuery({
    queryKey: ["execution-value", cut?.url],
    enabled: isWanted && cut?.url !== undefined,
    queryFn: async ({ signal }): Promise<{ value: unknown }> => {
      const response = await fetch(localAddress(cut?.url ?? ""), { signal });
      if (!response.ok) throw await ApiError.of(response);
      return { value: await response.json() };
    },
    staleTime: Infinity,
  });
  const shown = whole.data ? whole.data.value : cut ? cut.begin : value;
  const columns = columnsOf(shown);
  const [form, setForm] = useState<Form>(columns ? "table" : "tree");
  const forms = FORMS.filter((each) => each.form !== "table" || columns);
  return (
    <section aria-label={title} className="grid min-w-0 gap-1.5">
      <div className="flex items-center justify-between gap-2">
        <h3 className="font-medium">{title}</h3>
        <div role="group" aria-label={t("Show as")} className="flex rounded-md border text-xs">
          {forms.map((each) => (
            <button
              key={each.form}
              type="button"
              aria-pressed={form === each.form}
              onClick={() => setForm(each.form)}
              className="min-h-6 px-2 text-muted first:rounded-s-md last:rounded-e-md aria-pressed:bg-hover aria-pressed:text-ink"
            >
              {t(each.label)}
            </button>
          ))}
        </div>
      </div>
      <div tabIndex={0} role="region" aria-label={title} className="max-h-80 overflow-auto rounded-lg border bg-canvas p-2">
        {form === "json" && <pre className="font-mono text-xs break-words whitespace-pre-wrap">{JSON.stringify(shown, null, 2) ?? "null"}</pre>}
        {form === "table" && columns && <Rows columns={columns} rows={shown as Record<string, unknown>[]} />}
        {(form === "tree" || (form === "table" && !columns)) && <JsonView value={shown} />}
      </div>
      {cut?.url && !whole.data && (
        <Button className="justify-self-start" disabled={whole.isFetching} onClick={() => setWanted(true)}>
          {t("Load all of it")} ({formatBytes(cut.size)})
        </Button>
      )}
      {whole.isError && <Failure error={whole.error} onRetry={() => void whole.refetch()} />}
    </section>
  );
}

function isCut(value: unknown): value is Cut {
  return typeof value === "object" && value !== null && (value as Partial<Cut>).truncated === true && "begin" in value;
}

function Rows({ columns, rows }: { columns: readonly string[]; rows: readonly Record<string, unknown>[] }) {
  return (
    <table className="w-full border-collapse text-xs">
      <thead>
        <tr>
          {columns.map((column) => (
            <th key={column} scope="col" className="border-b px-2 py-1 text-start font-medium text-muted">
              {column}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.slice(0, MOST_ROWS).map((row, number) => (
          <tr key={number} className="border-b last:border-b-0">
            {columns.map((column) => (
              <td key={column} dir="auto" className="max-w-60 truncate px-2 py-1">
                {typeof row[column] === "string" ? row[column] : JSON.stringify(row[column])}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
