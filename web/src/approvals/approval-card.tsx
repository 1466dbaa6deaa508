import { useMutation } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Ban, Check } from "lucide-react";
import { useState, type FormEvent } from "react";

import type { Schemas } from "@/api/client";
import { ApiError } from "@/api/client";
import { formatTime } from "@/format";
import { t } from "@/i18n";
import { useWorkspace } from "@/shell/workspace";
import { Badge, type Tone } from "@/ui/badge";
import { Button } from "@/ui/button";
import { AreaField } from "@/ui/field";
import { JsonField } from "@/ui/json-field";
import { JsonView } from "@/ui/json-view";
import { Failure } from "@/ui/state";

import { FormFields, startOf } from "./form-fields";
import { answerApproval, refreshApprovals, type Approval, type ApprovalStatus } from "./queries";

const LOOKS: Record<ApprovalStatus, { label: string; tone: Tone }> = {
  open: { label: "Open", tone: "warning" },
  approved: { label: "Approved", tone: "success" },
  refused: { label: "Refused", tone: "danger" },
  answered: { label: "Answered", tone: "success" },
  expired: { label: "Expired", tone: "neutral" },
  cancelled: { label: "Cancelled", tone: "neutral" },
};

export function approvalStatusName(status: ApprovalStatus): string {
  return t(LOOKS[status].label);
}

/** A question of a run, with what it is about and the buttons that answer it. */
export function ApprovalCard({ approval }: { approval: Approval }) {
  const { uuid, may } = useWorkspace();
  const isOpen = approval.status === "open";
  return (
    <article aria-label={approval.title} className="flex flex-col gap-3 rounded-xl border bg-raised p-4">
      <header className="flex flex-wrap items-start gap-x-3 gap-y-1">
        <h3 dir="auto" className="min-w-0 flex-1 text-base font-semibold break-words">
          {approval.title || approval.node_id}
        </h3>
        <Badge tone={LOOKS[approval.status].tone}>{approvalStatusName(approval.status)}</Badge>
      </header>
      <p className="text-xs text-muted">
        {formatTime(approval.created_at)}
        {approval.expires_at && isOpen && ` · ${t("until {time}", { time: formatTime(approval.expires_at) })}`}
        {approval.answers_needed > 1 && ` · ${t("{given} of {needed} answers", { given: approval.answers.length, needed: approval.answers_needed })}`}
        {approval.workflow_uuid && (
          <>
            {" · "}
            <Link to="/w/$workspace/executions/$execution" params={{ workspace: uuid, execution: approval.run_uuid }} className="text-accent-ink underline">
              {t("Execution")}
            </Link>
          </>
        )}
      </p>
      {approval.message && (
        <p dir="auto" className="break-words whitespace-pre-wrap">
          {approval.message}
        </p>
      )}
      {isOpen && may("workflow_executions.answer") ? <Answering approval={approval} /> : <Told approval={approval} />}
    </article>
  );
}

/** What is asked about, and what was answered, where there is nothing to do. */
function Told({ approval }: { approval: Approval }) {
  return (
    <>
      {approval.kind === "approval" && approval.payload !== null && <Payload value={approval.payload} />}
      {approval.answers.map((answer) => (
        <p key={answer.created_at} className="break-words text-muted">
          {approvalStatusName(answer.decision)} · {answer.user?.name ?? t("By the link")} · {formatTime(answer.created_at)}
          {answer.comment && `: ${answer.comment}`}
        </p>
      ))}
      {approval.status === "open" && <p className="text-muted">{t("Somebody with more rights in this workspace must answer it.")}</p>}
    </>
  );
}

function Payload({ value }: { value: unknown }) {
  return (
    <div tabIndex={0} role="group" aria-label={t("What it is about")} className="max-h-72 overflow-auto rounded-lg border bg-panel p-2">
      <JsonView value={value} />
    </div>
  );
}

function Answering({ approval }: { approval: Approval }) {
  const { uuid } = useWorkspace();
  const [payload, setPayload] = useState<unknown>(undefined);
  const [isEditing, setEditing] = useState(false);
  const [comment, setComment] = useState("");
  const [values, setValues] = useState(() => startOf(approval.fields));
  const answer = useMutation({
    mutationFn: (body: Schemas["ApprovalAnswerCreate"]) => answerApproval(uuid, approval.uuid, { ...body, comment }),
    onSuccess: () => refreshApprovals(uuid),
  });
  const problems = answer.error instanceof ApiError ? answer.error.problems : {};
  const isDone = answer.isPending || answer.isSuccess;
  const decide = (decision: "approved" | "refused"): void =>
    answer.mutate(decision === "approved" && isEditing ? { decision, payload: (payload ?? null) as never } : { decision });
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (approval.kind === "form") answer.mutate({ values });
    else decide("approved");
  };
  return (
    <form className="flex flex-col gap-3" onSubmit={submit}>
      {approval.kind === "form" && <FormFields fields={approval.fields} values={values} problems={problems} onChange={setValues} />}
      {approval.kind === "approval" && !isEditing && approval.payload !== null && <Payload value={approval.payload} />}
      {isEditing && <JsonField label={t("What it is about")} rows={8} value={payload} problem={problems["payload"]} onChange={setPayload} />}
      <AreaField label={t("Comment")} rows={2} maxLength={2000} value={comment} problem={problems["comment"]} onChange={(event) => setComment(event.target.value)} />
      {answer.isError && <Failure error={answer.error} />}
      <div className="flex flex-wrap gap-2 max-sm:[&>button]:h-11 max-sm:[&>button]:flex-1">
        <Button type="submit" kind="primary" disabled={isDone}>
          <Check aria-hidden />
          {approval.kind === "form" ? t("Send") : isEditing ? t("Approve as edited") : t("Approve")}
        </Button>
        {approval.kind === "approval" && (
          <Button disabled={isDone} onClick={() => decide("refused")}>
            <Ban aria-hidden />
            {t("Refuse")}
          </Button>
        )}
        {approval.kind === "approval" && approval.editable && (
          <Button
            kind="ghost"
            disabled={isDone}
            onClick={() => {
              setPayload(approval.payload);
              setEditing(!isEditing);
            }}
          >
            {isEditing ? t("As it was") : t("Edit")}
          </Button>
        )}
      </div>
    </form>
  );
}
