/** How an agent does on questions whose answers are known. */
import { useInfiniteQuery, useMutation, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { FlaskConical, ListChecks, Play, Square, Trash2 } from "lucide-react";
import { useState } from "react";

import { api } from "@/api/client";
import { formatCost, formatNumber, formatPercent, formatTime } from "@/format";
import { t } from "@/i18n";
import { useWorkspace } from "@/shell/workspace";
import { Badge, type Tone } from "@/ui/badge";
import { Button, buttonLook, IconButton } from "@/ui/button";
import { Chart } from "@/ui/chart";
import { Confirm } from "@/ui/confirm";
import { Listing } from "@/ui/listing";
import { Section } from "@/ui/page";
import { Empty } from "@/ui/state";
import { Table, type Column } from "@/ui/table";
import { notifyFailure } from "@/ui/toasts";

import { ComparisonView } from "./comparison";
import { EvaluationView } from "./evaluation-results";
import { NewEvaluation } from "./new-evaluation";
import { evaluationsQuery, type Evaluation } from "./queries";

const route = getRouteApi("/w/$workspace/agents/$agent/evaluations");
const PAUSE = 1_500;

const STATES: Record<Evaluation["status"], { label: string; tone: Tone }> = {
  queued: { label: "Waits", tone: "neutral" },
  running: { label: "Is running", tone: "accent" },
  succeeded: { label: "Finished", tone: "success" },
  failed: { label: "Failed", tone: "danger" },
  cancelled: { label: "Cancelled", tone: "warning" },
};

export function EvaluationsPage() {
  const workspace = useWorkspace();
  const { agent } = route.useParams();
  const { run, with: other } = route.useSearch();
  const [isStarting, setStarting] = useState(false);
  const query = useInfiniteQuery({
    ...evaluationsQuery(workspace.uuid, agent),
    refetchInterval: ({ state }) => (state.data?.pages.some((page) => page.data.some(isUnderWay)) ? PAUSE : false),
  });
  const items = query.data?.pages.flatMap((page) => page.data) ?? [];
  const shown = items.find((each) => each.uuid === run);
  return (
    <div className="grid gap-6">
      <Section
        title={t("Evaluations")}
        about={t("The agent answers a dataset, and each answer is held against what was expected.")}
        actions={
          <>
            {workspace.may("datasets.view") && (
              <Link to="/w/$workspace/datasets" params={{ workspace: workspace.uuid }} className={buttonLook()}>
                <ListChecks aria-hidden /> {t("Datasets")}
              </Link>
            )}
            {workspace.may("evaluations.create") && (
              <Button kind="primary" onClick={() => setStarting(true)}>
                <Play aria-hidden /> {t("New evaluation")}
              </Button>
            )}
          </>
        }
      >
        <Trend items={items} />
        <Listing
          query={query}
          empty={
            <Empty icon={<FlaskConical aria-hidden />} title={t("It was not evaluated yet.")}>
              {t("Write down questions and what you expect, and see how many it answers so.")}
            </Empty>
          }
        >
          {(found) => <Evaluations items={found} shown={run} />}
        </Listing>
      </Section>
      {shown && other ? (
        <ComparisonView a={other} b={shown.uuid} />
      ) : (
        shown && <EvaluationView evaluation={shown} others={items.filter((each) => each.uuid !== shown.uuid && each.dataset_uuid === shown.dataset_uuid)} />
      )}
      {isStarting && <NewEvaluation agent={agent} onClose={() => setStarting(false)} />}
    </div>
  );
}

function isUnderWay({ status }: Evaluation): boolean {
  return status === "queued" || status === "running";
}

/** The scores over time, once there is more than one. */
function Trend({ items }: { items: readonly Evaluation[] }) {
  const points = items
    .filter(({ status, summary }) => status === "succeeded" && summary.score !== null)
    .map(({ created_at, summary }) => ({ at: created_at, score: summary.score?.value ?? 0, passed: summary.pass_rate?.value ?? 0 }))
    .toReversed();
  if (points.length < 2) return null;
  return (
    <Chart
      label={t("Scores of the evaluations")}
      points={points}
      kind="line"
      height={160}
      series={[
        { id: "score", label: "Score", color: "accent" },
        { id: "passed", label: "Passed", color: "success" },
      ]}
      formatAt={formatTime}
      formatValue={formatPercent}
    />
  );
}

function Evaluations({ items, shown }: { items: readonly Evaluation[]; shown: string | undefined }) {
  const { uuid } = useWorkspace();
  const navigate = route.useNavigate();
  const columns: Column<Evaluation>[] = [
    {
      id: "dataset",
      label: "Dataset",
      show: (each) => (
        <>
          <Link
            to="/w/$workspace/agents/$agent/evaluations"
            params={{ workspace: uuid, agent: each.agent_uuid }}
            search={{ run: each.uuid }}
            aria-current={each.uuid === shown ? "true" : undefined}
            className="font-medium hover:underline aria-[current]:text-accent-ink"
          >
            {each.dataset?.name ?? t("Dataset")}
          </Link>
          <span className="block text-xs text-muted">{formatTime(each.created_at)}</span>
        </>
      ),
    },
    { id: "version", label: "Version", isNumber: true, isMinor: true, show: ({ agent_version }) => agent_version },
    { id: "status", label: "Status", isMinor: true, show: (each) => <State evaluation={each} /> },
    { id: "passed", label: "Passed", isNumber: true, show: ({ summary }) => `${formatNumber(summary.passed)} / ${formatNumber(summary.items)}` },
    { id: "score", label: "Score", isNumber: true, show: ({ summary: { score } }) => (score ? formatPercent(score.value) : "–") },
    { id: "cost", label: "Cost", isNumber: true, isMinor: true, show: ({ summary }) => formatCost(summary.cost + summary.judge_cost) },
    { id: "actions", label: null, isNumber: true, show: (each) => <Actions evaluation={each} /> },
  ];
  return (
    <Table label={t("Evaluations")} columns={columns} rows={items} keyOf={(each) => each.uuid} onOpen={(each) => void navigate({ search: { run: each.uuid } })} />
  );
}

function State({ evaluation: { status, summary } }: { evaluation: Evaluation }) {
  const { label, tone } = STATES[status];
  return (
    <Badge tone={tone}>
      {t(label)}
      {status === "running" && ` ${formatNumber(summary.items - summary.pending)} / ${formatNumber(summary.items)}`}
    </Badge>
  );
}

function Actions({ evaluation }: { evaluation: Evaluation }) {
  const { uuid, may } = useWorkspace();
  const client = useQueryClient();
  const navigate = route.useNavigate();
  const [isDeleting, setDeleting] = useState(false);
  const params = { path: { evaluation_uuid: evaluation.uuid }, query: { workspace_uuid: uuid } };
  const onSuccess = () => client.invalidateQueries({ queryKey: ["evaluations", uuid] });
  const cancel = useMutation({
    mutationFn: () => api.POST("/api/v1/evaluations/{evaluation_uuid}/cancel", { params }),
    onSuccess,
    onError: notifyFailure,
  });
  const remove = useMutation({
    mutationFn: () => api.DELETE("/api/v1/evaluations/{evaluation_uuid}", { params }),
    onSuccess: async () => {
      await onSuccess();
      await navigate({ search: {} });
    },
  });
  return (
    <>
      {isUnderWay(evaluation) && may("evaluations.cancel") && (
        <IconButton label={t("Stop")} disabled={cancel.isPending} onClick={() => cancel.mutate()}>
          <Square />
        </IconButton>
      )}
      {may("evaluations.delete") && (
        <IconButton label={t("Delete")} onClick={() => setDeleting(true)}>
          <Trash2 />
        </IconButton>
      )}
      {isDeleting && (
        <Confirm title={t("Delete this evaluation?")} action={t("Delete")} onConfirm={() => remove.mutateAsync()} onClose={() => setDeleting(false)}>
          {t("Its results are gone for good. The dataset stays.")}
        </Confirm>
      )}
    </>
  );
}
