/** What an expression comes to, below its field, while it is written. */
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useEffect, useMemo, useState } from "react";

import { api, value as read } from "@/api/client";
import { t } from "@/i18n";
import { useWorkspace } from "@/shell/workspace";

import { useEditor, type Execution } from "./editor-context";
import { hasEnded } from "./execution";
import { MARK } from "./expressions";
import type { GraphNode } from "./graph";
import { inputFrom, inShort, listOf, pinnedOutputs, placeOf, type Asked } from "./preview";
import { executionQuery, lastExecutionQuery } from "./queries";

const PAUSE_MILLISECONDS = 300;

/** The execution that is shown, or else the last one of the workflow. */
export function useKnownExecution(): Execution | undefined {
  const { workflow, shown } = useEditor();
  const { uuid, may } = useWorkspace();
  const isWanted = shown === null && may("workflow_executions.view");
  const last = useQuery({ ...lastExecutionQuery(uuid, workflow.uuid), enabled: isWanted });
  const whole = useQuery({ ...executionQuery(uuid, last.data?.uuid ?? ""), enabled: isWanted && last.data != null });
  return shown ? shown.execution : whole.data;
}

export interface PreviewPlace {
  node: GraphNode;
  takesSecrets: boolean;
  /** Whether the field is evaluated for each item of the node's list. */
  isForItems: boolean;
}

interface ExpressionPreviewProps extends PreviewPlace {
  text: string;
  /** What is said of the field as it was saved; it says more. */
  problem: string | undefined;
  onPlace: (position: number) => void;
}

export function ExpressionPreview({ text, problem, onPlace, ...place }: ExpressionPreviewProps) {
  const { may } = useWorkspace();
  const paused = useLater(text);
  if (!paused.includes(MARK) || problem || !may("workflows.update")) return null;
  return <Shown text={paused} onPlace={onPlace} {...place} />;
}

function Shown({ text, onPlace, ...place }: Omit<ExpressionPreviewProps, "problem">) {
  const { data, isPlaceholderData } = usePreview(text, place);
  if (!data) return null;
  const { value, error } = data;
  const look = `mt-1 text-xs break-words transition-opacity ${isPlaceholderData ? "opacity-60" : ""}`;
  if (!error) {
    return (
      <output className={`flex gap-1.5 text-muted ${look}`}>
        <span aria-hidden>=</span>
        <span className="sr-only">{t("Value with the last data:")}</span>
        <span dir="auto" className="max-h-16 min-w-0 overflow-y-auto font-mono whitespace-pre-wrap text-ink">
          {inShort(value)}
        </span>
      </output>
    );
  }
  if (error.code === "no_data") return <output className={`block text-muted ${look}`}>{error.message}</output>;
  const { position } = error;
  return (
    <output className={`block text-danger ${look}`}>
      {error.message}{" "}
      {position !== null && (
        <button type="button" className="min-h-6 underline" onClick={() => onPlace(placeOf(text, position))}>
          {t("(at character {position})", { position: position + 1 })}
        </button>
      )}
    </output>
  );
}

function usePreview(text: string, { node, takesSecrets, isForItems }: PreviewPlace) {
  const { workflow, state, kinds, shown } = useEditor();
  const { uuid } = useWorkspace();
  const execution = useKnownExecution();
  const { present } = state;
  const body = useMemo((): Asked => {
    const source = inputFrom(present, kinds, node);
    return {
      text,
      node_id: node.id,
      takes_secrets: takesSecrets,
      nodes: shown?.isPast ? {} : pinnedOutputs(present),
      ...(execution ? { execution_uuid: execution.uuid } : {}),
      ...(source ? { input_node_id: source } : {}),
      ...(isForItems ? { items: listOf(node) } : {}),
    };
  }, [text, node, takesSecrets, isForItems, present, kinds, shown?.isPast, execution]);
  return useQuery({
    // What an execution that goes on has come to changes what is known.
    queryKey: ["expression-preview", uuid, workflow.uuid, body, execution?.updated_at],
    queryFn: async ({ signal }) => {
      const params = { path: { workflow_uuid: workflow.uuid }, query: { workspace_uuid: uuid } };
      return (await read(api.POST("/api/v1/workflows/{workflow_uuid}/expressions/preview", { params, body, signal }))).data;
    },
    staleTime: execution && !hasEnded(execution.status) ? 0 : Infinity,
    gcTime: 60_000,
    retry: false,
    placeholderData: keepPreviousData,
  });
}

/** A text as it is when nobody has written for a moment. */
function useLater(text: string): string {
  const [later, setLater] = useState(text);
  useEffect(() => {
    const timer = setTimeout(() => setLater(text), PAUSE_MILLISECONDS);
    return () => clearTimeout(timer);
  }, [text]);
  return later;
}
