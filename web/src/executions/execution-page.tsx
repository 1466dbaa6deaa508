import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { Ban, RotateCcw, Workflow } from "lucide-react";
import { useEffect, useState, type ReactNode } from "react";

import { RunApprovals } from "@/approvals/run-approvals";
import { useLive } from "@/chat/live";
import { formatCost, formatDuration, formatNumber, formatTime } from "@/format";
import { t } from "@/i18n";
import { useWorkspace } from "@/shell/workspace";
import { Button, buttonLook } from "@/ui/button";
import { Confirm } from "@/ui/confirm";
import { Skeleton } from "@/ui/listing";
import { Page, Section } from "@/ui/page";
import { Failure } from "@/ui/state";

import { nameOf } from "./names";
import { NodePanel } from "./node-panel";
import { cancelExecution, executionQuery, isUnfinished, refreshExecutions, type Execution } from "./queries";
import { RetryDialog } from "./retry-dialog";
import { StatusBadge, triggerName } from "./status";
import { Timeline } from "./timeline";
import { ErrorView, ValueView } from "./values";

/** Events that come together are answered by one request. */
const PAUSE_MILLISECONDS = 200;
const route = getRouteApi("/w/$workspace/executions/$execution");

export function ExecutionPage() {
  const { uuid } = useWorkspace();
  const { execution } = route.useParams();
  const query = useQuery(executionQuery(uuid, execution));
  const above = (
    <Link to="/w/$workspace/executions" params={{ workspace: uuid }} className="hover:text-ink hover:underline">
      {t("Executions")}
    </Link>
  );
  if (query.data) return <Shown key={execution} execution={query.data} above={above} />;
  return (
    <Page title={t("Execution")} above={above}>
      {query.isError ? <Failure error={query.error} onRetry={() => void query.refetch()} /> : <Skeleton />}
    </Page>
  );
}

function Shown({ execution, above }: { execution: Execution; above: ReactNode }) {
  const { node } = route.useSearch();
  const navigate = route.useNavigate();
  const nodes = execution.data?.nodes ?? {};
  const failed = execution.error?.node_id ?? undefined;
  const chosen = node ?? failed;
  return (
    <Page title={nameOf(execution)} above={above} actions={<><ToWorkflow execution={execution} /><Actions execution={execution} /></>}>
      {isUnfinished(execution) && <Follow execution={execution.uuid} />}
      <Head execution={execution} />
      {isUnfinished(execution) && <RunApprovals run={execution.uuid} />}
      {execution.error && <ErrorView error={execution.error} isBrief={nodes[chosen ?? ""]?.error?.message === execution.error.message} />}
      <Section title={t("Nodes")}>
        <Timeline execution={execution} chosen={chosen} onChoose={(id) => void navigate({ search: { node: id }, replace: true })} />
      </Section>
      {chosen !== undefined && nodes[chosen] && <NodePanel key={chosen} execution={execution} outcome={nodes[chosen]} />}
      <div className="grid gap-5 md:grid-cols-2">
        <ValueView title={t("Input")} value={execution.input} />
        <ValueView title={t("Output")} value={execution.output} />
      </div>
    </Page>
  );
}

/** Asks for the execution anew whenever its run tells of something. */
function Follow({ execution }: { execution: string }) {
  const { uuid } = useWorkspace();
  const { answer } = useLive(uuid, execution);
  useEffect(() => {
    if (answer.lastEvent === 0) return undefined;
    const timer = setTimeout(() => void refreshExecutions(uuid), PAUSE_MILLISECONDS);
    return () => clearTimeout(timer);
  }, [answer.lastEvent, uuid]);
  return null;
}

function Head({ execution }: { execution: Execution }) {
  const { usage } = execution;
  return (
    <dl className="flex flex-wrap gap-x-8 gap-y-3">
      <Fact name={t("Status")}>
        <StatusBadge status={execution.status} />
      </Fact>
      <Fact name={t("Trigger")}>{triggerName(execution.trigger)}</Fact>
      <Fact name={t("Begun")}>{formatTime(execution.started_at ?? execution.created_at)}</Fact>
      <Fact name={t("Ended")}>{execution.finished_at ? formatTime(execution.finished_at) : "–"}</Fact>
      <Fact name={t("Duration")}>{execution.duration_ms === null ? "–" : formatDuration(execution.duration_ms)}</Fact>
      <Fact name={t("Cost")}>{usage ? formatCost(usage.cost) : "–"}</Fact>
      <Fact name={t("Tokens")}>{usage ? formatNumber(usage.input_tokens + usage.output_tokens) : "–"}</Fact>
      <Fact name={t("Version")}>{formatNumber(execution.workflow_version)}</Fact>
      {execution.source_execution_uuid && (
        <Fact name={t("Retry of")}>
          <Other execution={execution.source_execution_uuid} />
        </Fact>
      )}
      {execution.parent_execution_uuid && (
        <Fact name={t("Started by")}>
          <Other execution={execution.parent_execution_uuid} />
        </Fact>
      )}
      <Fact name={t("Run")}>
        <code className="font-mono text-[13px] break-all select-all">{execution.uuid}</code>
      </Fact>
    </dl>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className="min-w-0">
      <dt className="text-xs text-muted">{name}</dt>
      <dd className="flex min-h-6 items-center">{children}</dd>
    </div>
  );
}

function Other({ execution }: { execution: string }) {
  const { uuid } = useWorkspace();
  return (
    <Link to="/w/$workspace/executions/$execution" params={{ workspace: uuid, execution }} className="text-accent-ink underline">
      <code className="font-mono text-[13px]">{execution.slice(0, 8)}</code>
    </Link>
  );
}

/** The graph as it ran, in the editor. */
function ToWorkflow({ execution }: { execution: Execution }) {
  const { uuid, may } = useWorkspace();
  if (!execution.workflow_uuid || !may("workflows.view")) return null;
  return (
    <Link
      to="/w/$workspace/workflows/$workflow"
      params={{ workspace: uuid, workflow: execution.workflow_uuid }}
      search={{ execution: execution.uuid }}
      className={buttonLook()}
    >
      <Workflow aria-hidden />
      {t("Show in the editor")}
    </Link>
  );
}

function Actions({ execution }: { execution: Execution }) {
  const { uuid, may } = useWorkspace();
  const [asked, setAsked] = useState<"retry" | "cancel" | null>(null);
  const close = (): void => setAsked(null);
  const cancel = async (): Promise<void> => {
    await cancelExecution(uuid, execution.uuid);
    await refreshExecutions(uuid);
  };
  return (
    <>
      {isUnfinished(execution)
        ? may("workflow_executions.cancel") && (
            <Button kind="danger" onClick={() => setAsked("cancel")}>
              <Ban aria-hidden />
              {t("Cancel execution")}
            </Button>
          )
        : may("workflow_executions.retry") && (
            <Button kind="primary" onClick={() => setAsked("retry")}>
              <RotateCcw aria-hidden />
              {t("Retry")}
            </Button>
          )}
      {asked === "retry" && <RetryDialog execution={execution} onClose={close} />}
      {asked === "cancel" && (
        <Confirm title={t("Cancel this execution?")} action={t("Cancel execution")} onConfirm={cancel} onClose={close}>
          {t("It stops now. What it did already is kept.")}
        </Confirm>
      )}
    </>
  );
}
