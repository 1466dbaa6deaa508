import { useMutation } from "@tanstack/react-query";
import { Ban, Check, CircleAlert, Hand, LoaderCircle, Wrench } from "lucide-react";
import { useState, type ReactNode } from "react";

import { api, type Schemas } from "@/api/client";
import { formatNumber } from "@/format";
import { t } from "@/i18n";
import { useWorkspace } from "@/shell/workspace";
import { Button } from "@/ui/button";
import { TextArea } from "@/ui/field";
import { Failure } from "@/ui/state";

import type { CallState, ToolCall } from "./answer";

const STATES: Record<CallState, { icon: ReactNode; label: string }> = {
  asking: { icon: <Hand className="text-warning" aria-hidden />, label: "Waits for your approval" },
  running: { icon: <LoaderCircle className="animate-spin" aria-hidden />, label: "Is being called" },
  done: { icon: <Check className="text-success" aria-hidden />, label: "Called" },
  failed: { icon: <CircleAlert className="text-danger" aria-hidden />, label: "Failed" },
  refused: { icon: <Ban className="text-muted" aria-hidden />, label: "Refused" },
};

/** JSON as people read it; other text as it is. */
function readable(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

export function ToolCallView({ call }: { call: ToolCall }) {
  const { icon, label } = STATES[call.state];
  if (call.state === "asking" && call.approval) return <ApprovalCard call={call} approval={call.approval} />;
  return (
    <details className="group rounded-lg border bg-panel">
      <summary className="flex items-center gap-2 rounded-lg px-3 py-2 hover:bg-hover [&_svg]:size-4 [&_svg]:shrink-0">
        {icon}
        <code className="min-w-0 truncate font-mono text-[13px]">{call.name}</code>
        <span className="text-muted">{t(label)}</span>
        {call.durationMs !== null && <span className="ms-auto text-xs text-muted">{formatNumber(call.durationMs)} ms</span>}
      </summary>
      <div className="grid gap-2 border-t p-3">
        <Code title={t("Arguments")} text={readable(call.arguments)} />
        {call.result && <Code title={t("Result")} text={readable(call.result)} />}
      </div>
    </details>
  );
}

function Code({ title, text }: { title: string; text: string }) {
  return (
    <div>
      <p className="mb-1 text-xs text-muted">{title}</p>
      <pre tabIndex={0} aria-label={title} className="max-h-72 overflow-auto rounded-md border bg-canvas p-2 font-mono text-xs break-words whitespace-pre-wrap">
        {text}
      </pre>
    </div>
  );
}

/** A call that a human must approve, with what it would be called with. */
function ApprovalCard({ call, approval }: { call: ToolCall; approval: string }) {
  const workspace = useWorkspace();
  const [edited, setEdited] = useState<string | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const answer = useMutation({
    mutationFn: (body: Schemas["ApprovalAnswerCreate"]) =>
      api.POST("/api/v1/approvals/{approval_uuid}/answer", {
        params: { path: { approval_uuid: approval }, query: { workspace_uuid: workspace.uuid } },
        body,
      }),
  });
  const approve = (): void => {
    if (edited === null) {
      answer.mutate({ decision: "approved" });
      return;
    }
    try {
      const given = JSON.parse(edited) as unknown;
      answer.mutate({ decision: "approved", payload: { name: call.name, arguments: given } as never });
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    }
  };
  const isAnswered = answer.isPending || answer.isSuccess;
  return (
    <section aria-label={t("Approval")} className="rounded-xl border border-warning/50 bg-warning-soft p-4">
      <p className="flex items-center gap-2 font-medium [&_svg]:size-4">
        <Wrench aria-hidden />
        <span>
          {t("May this be called?")} <code className="font-mono text-[13px] break-all">{call.name}</code>
        </span>
      </p>
      {edited === null ? (
        <pre tabIndex={0} aria-label={t("Arguments")} className="mt-3 max-h-72 overflow-auto rounded-md border bg-canvas p-2 font-mono text-xs break-words whitespace-pre-wrap">
          {readable(call.arguments)}
        </pre>
      ) : (
        <TextArea
          aria-label={t("Arguments")}
          aria-invalid={problem ? true : undefined}
          rows={8}
          spellCheck={false}
          autoFocus
          value={edited}
          onChange={(event) => {
            setEdited(event.target.value);
            setProblem(null);
          }}
          className="mt-3 font-mono text-xs"
        />
      )}
      {problem && (
        <p role="alert" className="mt-1 text-danger">
          {t("This is not JSON:")} {problem}
        </p>
      )}
      {answer.isError && <Failure error={answer.error} className="mt-3" />}
      {workspace.may("workflow_executions.answer") ? (
        <div className="mt-3 flex flex-wrap gap-2">
          <Button kind="primary" disabled={isAnswered} onClick={approve}>
            <Check aria-hidden />
            {edited === null ? t("Approve") : t("Approve as edited")}
          </Button>
          <Button disabled={isAnswered} onClick={() => answer.mutate({ decision: "refused" })}>
            <Ban aria-hidden />
            {t("Refuse")}
          </Button>
          {edited === null ? (
            <Button kind="ghost" disabled={isAnswered} onClick={() => setEdited(readable(call.arguments))}>
              {t("Edit arguments")}
            </Button>
          ) : (
            <Button kind="ghost" disabled={isAnswered} onClick={() => setEdited(null)}>
              {t("As it was")}
            </Button>
          )}
        </div>
      ) : (
        <p className="mt-3 text-muted">{t("Somebody with more rights in this workspace must approve it.")}</p>
      )}
    </section>
  );
}
