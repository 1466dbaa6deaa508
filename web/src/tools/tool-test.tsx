import { useMutation } from "@tanstack/react-query";
import { Play } from "lucide-react";
import { useState, type FormEvent } from "react";

import { api, value as valueOf, type Schemas } from "@/api/client";
import { formatCost, formatNumber } from "@/format";
import { t } from "@/i18n";
import { useWorkspace } from "@/shell/workspace";
import { Badge } from "@/ui/badge";
import { Button } from "@/ui/button";
import { SelectField } from "@/ui/field";
import { JsonView } from "@/ui/json-view";
import { Section } from "@/ui/page";
import { SchemaForm } from "@/ui/schema-form/schema-form";
import type { JsonSchema } from "@/ui/schema-form/schema";
import { Failure, Spinner } from "@/ui/state";

import type { Tool } from "./queries";

type Result = Schemas["ToolCallResult"];

/** Calls a tool as it is saved, in earnest. */
export function ToolTest({ tool }: { tool: Tool }) {
  const { uuid } = useWorkspace();
  const [name, setName] = useState<string | null>(null);
  const [given, setGiven] = useState<Record<string, unknown>>({});
  const called = tool.functions.find((each) => each.name === name) ?? tool.functions[0];
  const call = useMutation({
    mutationFn: async () =>
      (
        await valueOf(
          api.POST("/api/v1/tools/{tool_uuid}/call", {
            params: { path: { tool_uuid: tool.uuid }, query: { workspace_uuid: uuid } },
            body: { function: called?.name ?? null, arguments: given as never },
          }),
        )
      ).data,
  });
  if (!called) return null;
  const schema = called.parameters as JsonSchema;
  const isOpen = Object.keys(schema.properties ?? {}).length === 0;
  const onSubmit = (event: FormEvent): void => {
    event.preventDefault();
    call.mutate();
  };
  return (
    <Section title={t("Try it")} about={t("It is called as it is saved, and does what it does in earnest.")}>
      <form onSubmit={onSubmit} className="grid gap-4 rounded-xl border p-4" aria-label={t("Try it")}>
        {tool.functions.length > 1 && (
          <SelectField
            label={t("Function")}
            value={called.name}
            onChange={(event) => {
              setName(event.target.value);
              setGiven({});
              call.reset();
            }}
          >
            {tool.functions.map((each) => (
              <option key={each.name}>{each.name}</option>
            ))}
          </SelectField>
        )}
        {isOpen ? (
          <p className="text-muted">{t("It takes no arguments.")}</p>
        ) : (
          <SchemaForm key={called.name} schema={schema} value={given} onChange={setGiven} path="arguments" />
        )}
        <div className="flex items-center gap-3">
          <Button type="submit" kind="primary" disabled={call.isPending}>
            <Play aria-hidden /> {t("Call it")}
          </Button>
          {call.isPending && <Spinner label={t("Is being called")} />}
        </div>
        {call.isError && <Failure error={call.error} />}
        {call.data && !call.isPending && <ResultView result={call.data} />}
      </form>
    </Section>
  );
}

function ResultView({ result }: { result: Result }) {
  const { is_error, error, data, content, duration_ms, usage } = result;
  return (
    <div role="status" className="grid gap-2">
      <p className="flex flex-wrap items-center gap-2">
        <Badge tone={is_error ? "danger" : "success"}>{is_error ? t("Failed") : t("Result")}</Badge>
        <span className="text-muted tabular-nums">
          {formatNumber(duration_ms)} ms{usage && ` · ${formatCost(usage.cost)}`}
        </span>
      </p>
      {error && (
        <p className="text-danger">
          {error.message} <code className="font-mono text-xs">{error.code}</code>
        </p>
      )}
      {typeof data === "object" && data !== null ? (
        <div className="max-h-96 overflow-auto rounded-lg border bg-panel p-2">
          <JsonView value={data} />
        </div>
      ) : (
        !error && (
          <pre tabIndex={0} aria-label={t("Result")} className="max-h-96 overflow-auto rounded-lg border bg-panel p-3 font-mono text-[13px] break-words whitespace-pre-wrap">
            {content}
          </pre>
        )
      )}
    </div>
  );
}
