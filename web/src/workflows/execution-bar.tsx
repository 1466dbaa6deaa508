/** The execution that is on the canvas: how it stands, what it waits for, and what can be done about it. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { CircleStop, X } from "lucide-react";
import { useState } from "react";

import { api, ApiError, type Schemas } from "@/api/client";
import { formatCost, formatNumber, formatTime } from "@/format";
import { t } from "@/i18n";
import { useWorkspace } from "@/shell/workspace";
import { Button, IconButton } from "@/ui/button";
import { Field } from "@/ui/field";
import { JsonView } from "@/ui/json-view";
import type { JsonSchema } from "@/ui/schema-form/schema";
import { SchemaForm } from "@/ui/schema-form/schema-form";
import { Failure } from "@/ui/state";
import { notifyFailure } from "@/ui/toasts";

import { useEditor, type Shown } from "./editor-context";
import { hasEnded } from "./execution";
import { StateBadge } from "./looks";
import { approvalsQuery } from "./queries";

export function ExecutionBar({ shown }: { shown: Shown }) {
  const { go } = useEditor();
  const { uuid, may } = useWorkspace();
  const { execution, status } = shown;
  const stop = useMutation({
    mutationFn: () =>
      api.POST("/api/v1/workflow-executions/{workflow_execution_uuid}/cancel", {
        params: { path: { workflow_execution_uuid: shown.uuid }, query: { workspace_uuid: uuid } },
      }),
    onError: notifyFailure,
  });
  return (
    <section aria-label={t("Execution")} className="border-b bg-panel px-3 py-1.5">
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
        <span role="status">
          <StateBadge status={status} />
        </span>
        {shown.isPast && <span className="text-muted">{t("The graph as it ran, in version {version}.", { version: execution?.workflow_version ?? "–" })}</span>}
        {execution?.started_at && <span className="text-xs text-muted max-sm:hidden">{formatTime(execution.started_at)}</span>}
        {execution?.duration_ms != null && <span className="text-xs text-muted">{formatNumber(execution.duration_ms)} ms</span>}
        {execution?.usage && execution.usage.cost > 0 && <span className="text-xs text-muted">{formatCost(execution.usage.cost)}</span>}
        {shown.isLost && <span className="text-xs text-warning">{t("The connection is lost; it goes on all the same.")}</span>}
        <span className="ms-auto flex gap-1">
          {!hasEnded(status) && may("workflow_executions.cancel") && (
            <Button className="h-8" disabled={stop.isPending} onClick={() => stop.mutate()}>
              <CircleStop aria-hidden /> {t("Stop")}
            </Button>
          )}
          <IconButton label={t("Leave the execution")} onClick={() => go({})}>
            <X />
          </IconButton>
        </span>
      </div>
      {execution?.error && hasEnded(status) && (
        <p className="mt-1 break-words text-danger">
          {execution.error.message} <code className="font-mono text-xs">{execution.error.code}</code>
        </p>
      )}
      {status === "waiting" && <Questions run={shown.uuid} />}
    </section>
  );
}

function Questions({ run }: { run: string }) {
  const { uuid } = useWorkspace();
  const { data = [] } = useQuery({ ...approvalsQuery(uuid, run), refetchInterval: 2_000 });
  return data.map((approval) => <Question key={approval.uuid} approval={approval} />);
}

const FIELD_TYPES: Readonly<Record<string, JsonSchema>> = { number: { type: "number" }, boolean: { type: "boolean" } };

function formSchema(fields: readonly Schemas["FormField"][]): JsonSchema {
  const properties = fields.map((field): [string, JsonSchema] => [
    field.name,
    {
      ...(FIELD_TYPES[field.type ?? "text"] ?? { type: "string" }),
      title: field.label || field.name,
      ...(field.description ? { description: field.description } : {}),
      ...(field.options?.length ? { enum: field.options } : {}),
      ...(field.default == null ? {} : { default: field.default }),
    },
  ]);
  return { type: "object", properties: Object.fromEntries(properties), required: fields.filter((field) => field.required).map((field) => field.name) };
}

/** What the execution asks people. */
function Question({ approval }: { approval: Schemas["Approval"] }) {
  const { uuid, may } = useWorkspace();
  const client = useQueryClient();
  const [comment, setComment] = useState("");
  const [values, setValues] = useState<Record<string, unknown>>({});
  const answer = useMutation({
    mutationFn: (body: Schemas["ApprovalAnswerCreate"]) =>
      api.POST("/api/v1/approvals/{approval_uuid}/answer", {
        params: { path: { approval_uuid: approval.uuid }, query: { workspace_uuid: uuid } },
        body: { ...body, comment },
      }),
    onSettled: () => client.invalidateQueries({ queryKey: ["approvals", uuid] }),
  });
  const isForm = approval.kind === "form";
  const problems = answer.error instanceof ApiError ? answer.error.problems : {};
  return (
    <section aria-label={approval.title} className="my-2 grid max-h-[50vh] max-w-2xl gap-3 overflow-y-auto rounded-xl border border-warning bg-raised p-3">
      <div>
        <h2 dir="auto" className="font-semibold break-words">
          {approval.title}
        </h2>
        {approval.message && (
          <p dir="auto" className="whitespace-pre-wrap text-muted">
            {approval.message}
          </p>
        )}
      </div>
      {approval.payload !== null && <JsonView value={approval.payload} />}
      {!may("workflow_executions.answer") ? (
        <p className="text-muted">{t("Somebody with more rights in this workspace must answer.")}</p>
      ) : (
        <>
          {isForm && <SchemaForm schema={formSchema(approval.fields)} path="values" value={values} problems={problems} onChange={setValues} />}
          <Field label={t("Comment")} dir="auto" value={comment} onChange={(event) => setComment(event.target.value)} />
          {answer.isError && <Failure error={answer.error} />}
          <div className="flex gap-2">
            {isForm ? (
              <Button kind="primary" disabled={answer.isPending} onClick={() => answer.mutate({ values })}>
                {t("Send")}
              </Button>
            ) : (
              <>
                <Button kind="primary" disabled={answer.isPending} onClick={() => answer.mutate({ decision: "approved" })}>
                  {t("Approve")}
                </Button>
                <Button kind="danger" disabled={answer.isPending} onClick={() => answer.mutate({ decision: "refused" })}>
                  {t("Refuse")}
                </Button>
              </>
            )}
          </div>
        </>
      )}
    </section>
  );
}
