import { useInfiniteQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { Check, CircleAlert, X } from "lucide-react";

import { formatCost, formatNumber, formatPercent, formatTime } from "@/format";
import { t } from "@/i18n";
import { useWorkspace } from "@/shell/workspace";
import { Badge, type Tone } from "@/ui/badge";
import { Select } from "@/ui/field";
import { Listing } from "@/ui/listing";
import { Section } from "@/ui/page";
import { Table, type Column } from "@/ui/table";

import { resultsQuery, type Evaluation, type EvaluationResult } from "./queries";

const route = getRouteApi("/w/$workspace/agents/$agent/evaluations");

const PAUSE = 1_500;

export const RESULTS: Record<EvaluationResult["status"], { label: string; tone: Tone }> = {
  pending: { label: "Waits", tone: "neutral" },
  passed: { label: "Passed", tone: "success" },
  failed: { label: "Not passed", tone: "danger" },
  error: { label: "No answer", tone: "warning" },
  cancelled: { label: "Cancelled", tone: "neutral" },
};

interface EvaluationViewProps {
  evaluation: Evaluation;
  /** Others of the same dataset, with which it can be compared. */
  others: readonly Evaluation[];
}

/** An evaluation, answer by answer. */
export function EvaluationView({ evaluation, others }: EvaluationViewProps) {
  const { uuid } = useWorkspace();
  const navigate = route.useNavigate();
  const query = useInfiniteQuery({
    ...resultsQuery(uuid, evaluation.uuid),
    refetchInterval: ({ state }) => (state.data?.pages.some((page) => page.data.some(({ status }) => status === "pending")) ? PAUSE : false),
  });
  const columns: Column<EvaluationResult>[] = [
    { id: "input", label: "Input", show: ({ messages }) => <Long text={messages.at(-1)?.content ?? ""} />, className: "max-w-64 align-top" },
    { id: "output", label: "Answer", show: (each) => <Long text={each.error?.message ?? each.output ?? ""} />, className: "max-w-80 align-top" },
    { id: "status", label: "Result", show: (each) => <Outcome result={each} />, className: "align-top" },
    { id: "score", label: "Score", isNumber: true, show: ({ score }) => (score === null ? "–" : formatPercent(score)), className: "align-top" },
    { id: "took", label: "Time", isNumber: true, isMinor: true, show: ({ duration_ms }) => (duration_ms === null ? "–" : `${formatNumber(duration_ms)} ms`), className: "align-top" },
    { id: "cost", label: "Cost", isNumber: true, isMinor: true, show: ({ cost }) => (cost === null ? "–" : formatCost(cost)), className: "align-top" },
  ];
  const { summary } = evaluation;
  return (
    <Section
      title={t("Results")}
      about={
        summary.score &&
        t("Score {score}, with 95 % certainty between {low} and {high}.", {
          score: formatPercent(summary.score.value),
          low: formatPercent(summary.score.low),
          high: formatPercent(summary.score.high),
        })
      }
      actions={
        others.length > 0 && (
          <Select
            aria-label={t("Compare with")}
            className="h-9 w-auto"
            value=""
            onChange={(event) => void navigate({ search: { run: evaluation.uuid, with: event.target.value } })}
          >
            <option value="">{t("Compare with …")}</option>
            {others.map((each) => (
              <option key={each.uuid} value={each.uuid}>
                {t("Version {number}", { number: each.agent_version })} · {formatTime(each.created_at)}
              </option>
            ))}
          </Select>
        )
      }
    >
      {evaluation.error && <p role="alert" className="rounded-lg bg-danger-soft p-3 text-danger">{evaluation.error.message}</p>}
      <Listing query={query} empty={<p className="text-muted">{t("There are no results yet.")}</p>}>
        {(items) => <Table label={t("Results")} columns={columns} rows={items} keyOf={(each) => each.uuid} />}
      </Listing>
    </Section>
  );
}

function Long({ text }: { text: string }) {
  return (
    <span dir="auto" className="line-clamp-4 break-words whitespace-pre-wrap" title={text}>
      {text}
    </span>
  );
}

function Outcome({ result: { status, reasons } }: { result: EvaluationResult }) {
  const { label, tone } = RESULTS[status];
  return (
    <div className="grid gap-1">
      <Badge tone={tone} className="justify-self-start">
        {status === "passed" ? <Check aria-hidden /> : status === "failed" ? <X aria-hidden /> : status === "error" ? <CircleAlert aria-hidden /> : null}
        {t(label)}
      </Badge>
      {status === "failed" &&
        reasons
          .filter(({ passed }) => !passed)
          .map(({ reason }, at) => (
            <span key={at} className="block max-w-64 text-xs break-words text-muted">
              {reason}
            </span>
          ))}
    </div>
  );
}
