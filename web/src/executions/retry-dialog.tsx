import { useMutation } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";

import { ApiError } from "@/api/client";
import { t } from "@/i18n";
import { useWorkspace } from "@/shell/workspace";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { SelectField, Switch } from "@/ui/field";
import { JsonField } from "@/ui/json-field";
import { Failure } from "@/ui/state";

import { refreshExecutions, retryExecution, type Execution } from "./queries";
import { isTruncated } from "./values";

/** Where it failed, or else at its begin. */
const BY_ITSELF = "";

/** Runs an execution once more: from where it failed or from a node, with the same input or another. */
export function RetryDialog({ execution, onClose }: { execution: Execution; onClose: () => void }) {
  const { uuid } = useWorkspace();
  const navigate = useNavigate();
  const [from, setFrom] = useState(BY_ITSELF);
  const [isEdited, setEdited] = useState(false);
  const [input, setInput] = useState<unknown>(undefined);
  const [isCurrent, setCurrent] = useState(false);
  const retry = useMutation({
    mutationFn: () =>
      retryExecution(uuid, execution.uuid, {
        ...(from === BY_ITSELF ? {} : { from_node_id: from }),
        ...(isEdited ? { from_node_id: begin, input: (input ?? null) as never } : {}),
        use_current_version: isCurrent,
      }),
    onSuccess: async (started) => {
      void refreshExecutions(uuid);
      onClose();
      await navigate({ to: "/w/$workspace/executions/$execution", params: { workspace: uuid, execution: started } });
    },
  });
  const nodes = Object.values(execution.data?.nodes ?? {});
  const trigger = triggerOf(execution);
  const begin = from !== BY_ITSELF ? from : (execution.error?.node_id ?? trigger);
  const problems = retry.error instanceof ApiError ? retry.error.problems : {};
  const given = begin === trigger ? execution.input : (execution.data?.nodes[begin]?.input ?? null);
  const edit = (isOn: boolean): void => {
    setEdited(isOn);
    setInput(isTruncated(given) ? null : given);
  };
  return (
    <Dialog title={t("Retry this execution")} onClose={onClose} className="max-h-[calc(100dvh-2rem)] w-[min(36rem,calc(100vw-2rem))] overflow-y-auto">
      <form
        className="flex flex-col gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          retry.mutate();
        }}
      >
        <SelectField
          label={t("Begin")}
          hint={t("What is before it is not done again.")}
          problem={problems["from_node_id"]}
          value={from}
          onChange={(event) => {
            setFrom(event.target.value);
            setEdited(false);
          }}
        >
          <option value={BY_ITSELF}>{execution.error?.node_id ? t("Where it failed: {node}", { node: execution.error.node_id }) : t("At its begin")}</option>
          {nodes.map((each) => (
            <option key={each.node_id} value={each.node_id}>
              {each.node_id === trigger ? t("At its begin: {node}", { node: each.node_id }) : each.node_id}
            </option>
          ))}
        </SelectField>
        <Switch label={t("Edit the input")} hint={t("What “{node}” finds as its input.", { node: begin })} isOn={isEdited} onChange={edit} />
        {isEdited && <JsonField key={begin} label={t("Input")} rows={8} value={input} problem={problems["input"]} onChange={setInput} />}
        <Switch
          label={t("Use the workflow as it is now")}
          hint={t("Nodes that were changed since are done again, too.")}
          isOn={isCurrent}
          onChange={setCurrent}
        />
        {retry.isError && <Failure error={retry.error} />}
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>{t("Cancel")}</Button>
          <Button type="submit" kind="primary" disabled={retry.isPending}>
            {t("Retry")}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

/** The node that nothing leads to, with which the execution began. */
function triggerOf(execution: Execution): string {
  const nodes = Object.values(execution.data?.nodes ?? {});
  const begun = nodes.filter((each) => each.node_type.endsWith("trigger") || each.node_type === "webhook");
  return (begun.find((each) => each.status !== "skipped") ?? begun[0] ?? nodes[0])?.node_id ?? "";
}
