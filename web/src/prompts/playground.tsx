/** The same input to several versions and models side by side. */
import { Play, Plus, X } from "lucide-react";
import { useMemo, useState } from "react";
import { useQuery } from "@tanstack/react-query";

import { ModelPicker } from "@/agents/model-picker";
import { api, ApiError, value } from "@/api/client";
import { isOver } from "@/chat/answer";
import { useLive } from "@/chat/live";
import { formatCost, formatDuration } from "@/format";
import { t } from "@/i18n";
import { Markdown } from "@/markdown/markdown";
import { useWorkspace } from "@/shell/workspace";
import { Button, IconButton } from "@/ui/button";
import { Select } from "@/ui/field";
import { Section } from "@/ui/page";
import { SchemaForm } from "@/ui/schema-form/schema-form";
import { Failure, Spinner } from "@/ui/state";

import { schemaOf } from "./input";
import { startRun, type Prompt, type PromptVersion } from "./queries";

const MOST_LANES = 4;

interface Lane {
  id: number;
  /** `null`: the newest. */
  version: number | null;
  model: string | null;
  run: string | null;
  error: unknown;
}

const begun = (id: number): Lane => ({ id, version: null, model: null, run: null, error: null });

export function Playground({ prompt, versions, isOutdated }: { prompt: Prompt; versions: readonly PromptVersion[]; isOutdated: boolean }) {
  const { uuid } = useWorkspace();
  const [input, setInput] = useState<Record<string, unknown>>({});
  const [lanes, setLanes] = useState<readonly Lane[]>([begun(0)]);
  const schema = useMemo(() => schemaOf(prompt.variables), [prompt.variables]);
  const problems = lanes.map(({ error }) => (error instanceof ApiError ? error.problems : {})).find((each) => Object.keys(each).length > 0);
  const change = (id: number, changes: Partial<Lane>): void =>
    setLanes((present) => present.map((each) => (each.id === id ? { ...each, ...changes } : each)));

  const runLane = async ({ id, version, model }: Lane): Promise<void> => {
    change(id, { run: null, error: null });
    try {
      change(id, { run: await startRun(uuid, prompt.uuid, version ?? prompt.version, model, input) });
    } catch (error) {
      change(id, { error });
    }
  };
  return (
    <Section
      title={t("Try it")}
      about={isOutdated ? t("What was saved last is run, not what you are changing.") : undefined}
      actions={
        <>
          {lanes.length < MOST_LANES && (
            <Button onClick={() => setLanes([...lanes, begun(Math.max(...lanes.map(({ id }) => id)) + 1)])}>
              <Plus aria-hidden /> {t("Compare with another")}
            </Button>
          )}
          <Button kind="primary" onClick={() => void Promise.all(lanes.map(runLane))}>
            <Play aria-hidden /> {t("Run")}
          </Button>
        </>
      }
    >
      {prompt.variables.length > 0 && <SchemaForm schema={schema} value={input} onChange={setInput} problems={problems ?? {}} path="variables" />}
      <div className="grid gap-4 md:auto-cols-fr md:grid-flow-col">
        {lanes.map((lane) => (
          <section key={lane.id} className="flex min-w-0 flex-col gap-3 rounded-xl border p-3" aria-label={t("Try {number}", { number: lane.id + 1 })}>
            <div className="flex items-center gap-2">
              <Select
                aria-label={t("Version")}
                className="h-9 w-auto min-w-0 flex-1"
                value={lane.version ?? ""}
                onChange={(event) => change(lane.id, { version: event.target.value ? Number(event.target.value) : null })}
              >
                <option value="">{t("Newest")}</option>
                {versions.map(({ number }) => (
                  <option key={number} value={number}>
                    {t("Version {number}", { number })}
                  </option>
                ))}
              </Select>
              <div className="min-w-0 flex-1">
                <ModelPicker value={lane.model} none={t("As the prompt has it")} onChange={(model) => change(lane.id, { model })} />
              </div>
              {lanes.length > 1 && (
                <IconButton label={t("Remove")} onClick={() => setLanes(lanes.filter(({ id }) => id !== lane.id))}>
                  <X />
                </IconButton>
              )}
            </div>
            {lane.error !== null && <Failure error={lane.error} />}
            {lane.run !== null && <Answered key={lane.run} run={lane.run} />}
          </section>
        ))}
      </div>
    </Section>
  );
}

function Answered({ run }: { run: string }) {
  const { uuid } = useWorkspace();
  const { answer } = useLive(uuid, run);
  const isDone = isOver(answer);
  const text = answer.pieces.map((piece) => (piece.kind === "text" ? piece.text : "")).join("");
  return (
    <div className="flex min-w-0 flex-col gap-2">
      {text ? <Markdown text={text} isGrowing={!isDone} /> : !isDone && <Spinner />}
      {answer.error && <p className="text-danger">{answer.error.message}</p>}
      {isDone && <Taken run={run} />}
    </div>
  );
}

/** What it took, once it has ended. */
function Taken({ run }: { run: string }) {
  const { uuid } = useWorkspace();
  const { data } = useQuery({
    queryKey: ["run", uuid, run],
    queryFn: async () => (await value(api.GET("/api/v1/runs/{run_uuid}", { params: { path: { run_uuid: run }, query: { workspace_uuid: uuid } } }))).data,
    staleTime: Infinity,
  });
  if (!data) return null;
  const message = (data.output as { message?: { model?: string; usage?: { input_tokens: number; output_tokens: number; cost: number | null } } } | null)?.message;
  const parts = [
    message?.model,
    data.started_at && data.finished_at ? formatDuration(Date.parse(data.finished_at) - Date.parse(data.started_at)) : null,
    message?.usage ? t("{count} tokens", { count: message.usage.input_tokens + message.usage.output_tokens }) : null,
    message?.usage?.cost ? formatCost(message.usage.cost) : null,
  ];
  return <p className="text-xs text-muted">{parts.filter(Boolean).join(" · ")}</p>;
}
