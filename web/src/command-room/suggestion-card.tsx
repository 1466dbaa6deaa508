import { useMutation } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Workflow } from "lucide-react";

import { formatDuration, formatNumber } from "@/format";
import { t } from "@/i18n";
import { useWorkspace } from "@/shell/workspace";
import { Button } from "@/ui/button";
import { Failure, Spinner } from "@/ui/state";

import { makeWorkflow, type Suggestion } from "./queries";

/** Steps that recur, what they take, and the button that makes a workflow of them. */
export function SuggestionCard({ suggestion }: { suggestion: Suggestion }) {
  const { uuid, may } = useWorkspace();
  const make = useMutation({ mutationFn: () => makeWorkflow(uuid, suggestion.workflow) });
  return (
    <li className="flex flex-col gap-3 rounded-xl border p-4">
      <h3 dir="auto" className="font-semibold break-words">
        {suggestion.name}
      </h3>
      <ol className="flex flex-col gap-1">
        {suggestion.steps.map((step, number) => (
          <li key={number} className="flex gap-2">
            <span className="text-muted tabular-nums">{formatNumber(number + 1)}</span>
            <span className="min-w-0 break-words">
              {step.action} <span className="text-muted">· {step.app}</span>
            </span>
          </li>
        ))}
      </ol>
      <p className="text-xs text-muted">
        {t("{count} times, about {each} each; {all} together", {
          count: suggestion.count,
          each: formatDuration(suggestion.seconds_per_run * 1000),
          all: formatDuration(suggestion.estimated_seconds_saved * 1000),
        })}
      </p>
      {make.isError && <Failure error={make.error} />}
      {make.isSuccess && (
        <p role="status">
          <Link
            to="/w/$workspace/workflows/$workflow"
            params={{ workspace: uuid, workflow: make.data.uuid }}
            className="text-accent-ink underline"
          >
            {t("“{name}” is stored as a draft among the workflows.", { name: make.data.name })}
          </Link>
        </p>
      )}
      {may("workflows.generate") && may("workflows.create") && !make.isSuccess && (
        <div className="mt-auto">
          <Button disabled={make.isPending} onClick={() => make.mutate()}>
            {make.isPending ? <Spinner label={t("A model writes it …")} /> : <><Workflow aria-hidden />{t("Make a workflow of it")}</>}
          </Button>
        </div>
      )}
    </li>
  );
}
