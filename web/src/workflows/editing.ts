/** What the editor does with the server: saving, running, following. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useMemo, useState, useSyncExternalStore, type Dispatch } from "react";

import { api, ApiError, newKey, value, type Schemas } from "@/api/client";
import { Follower, type Told } from "@/api/following";
import { tagged, type Tagged } from "@/api/items";
import { useWorkspace } from "@/shell/workspace";

import type { Problem, Shown } from "./editor-context";
import { advance, hasEnded, NOT_BEGUN, type Progress } from "./execution";
import type { Action, Draft, Editing } from "./graph";
import { executionQuery, workflowQuery, type Workflow } from "./queries";

const REFRESH_MILLISECONDS = 700;

export function draftOf(workflow: Workflow): Draft {
  const { name, description, tags, nodes, edges, variables, settings } = workflow;
  return { name, description, tags, nodes, edges, variables, settings };
}

/** Changes what the version `etag` of the workflow says, unless somebody changed it meanwhile (412). */
export function useSaving(workflow: Workflow) {
  const { uuid } = useWorkspace();
  const client = useQueryClient();
  const { queryKey } = workflowQuery(uuid, workflow.uuid);
  return useMutation({
    mutationFn: ({ etag, body }: { etag: string; body: Schemas["WorkflowUpdate"] }) =>
      tagged(
        api.PUT("/api/v1/workflows/{workflow_uuid}", {
          params: { path: { workflow_uuid: workflow.uuid }, query: { workspace_uuid: uuid }, header: { "If-Match": etag } },
          body,
        }),
      ),
    onSuccess: (saved) => {
      client.setQueryData(queryKey, saved);
      void client.invalidateQueries({ queryKey: ["workflows", uuid] });
      void client.invalidateQueries({ queryKey: [...queryKey, "versions"] });
    },
  });
}

/** Follows what others save, as far as nothing is changed here that did not know of it. */
export function useFollowing(read: Tagged<Workflow>, state: Editing, dispatch: Dispatch<Action>, isPast: boolean): void {
  const { uuid } = useWorkspace();
  const client = useQueryClient();
  const { present, saved, etag: known } = state;
  useEffect(() => {
    // What was read last: `read` is older where it was saved just now.
    const { item, etag } = client.getQueryData<Tagged<Workflow>>(workflowQuery(uuid, read.item.uuid).queryKey) ?? read;
    if (isPast || etag === known) return;
    const draft = draftOf(item);
    if (JSON.stringify(draft) === JSON.stringify(saved)) dispatch({ type: "known", etag });
    else if (present === saved) dispatch({ type: "load", draft, etag });
  }, [client, uuid, read, known, present, saved, dispatch, isPast]);
}

/** Problems as a refused change of an active workflow tells them, by paths such as `nodes.ask.data.url@3`. */
export function problemsOf(error: unknown): Problem[] {
  if (!(error instanceof ApiError) || error.code !== "workflow_invalid") return [];
  return Object.entries(error.problems).map(([place, message]) => {
    const [, part, id, path, position] = /^(nodes|edges)(?:\.([^.@]+))?(?:\.([^@]+))?(?:@(\d+))?$/.exec(place) ?? [];
    return {
      code: error.code,
      message,
      node_id: part === "nodes" && id ? id : null,
      edge_id: part === "edges" && id ? id : null,
      path: path ?? null,
      position: position === undefined ? null : Number(position),
    };
  });
}

export function useStarting(workflow: string) {
  const { uuid } = useWorkspace();
  const client = useQueryClient();
  const started = async (answer: Promise<{ data?: unknown }>): Promise<string> => {
    const run = (await value(answer)) as { data: Schemas["Run"] };
    void client.invalidateQueries({ queryKey: ["workflow-executions", uuid] });
    return run.data.uuid;
  };
  const params = () => ({ query: { workspace_uuid: uuid }, header: { "Idempotency-Key": newKey() } });
  return {
    start: (body: Schemas["WorkflowRun"]) =>
      started(api.POST("/api/v1/workflows/{workflow_uuid}/run", { params: { ...params(), path: { workflow_uuid: workflow } }, body: { ...body, background: true } })),
    again: (execution: string, body: Schemas["ExecutionRetry"]) =>
      started(
        api.POST("/api/v1/workflow-executions/{workflow_execution_uuid}/retry", {
          params: { ...params(), path: { workflow_execution_uuid: execution } },
          body: { ...body, background: true },
        }),
      ),
  };
}

const TOLD: Told<Progress> = {
  start: NOT_BEGUN,
  advance,
  isOver: (progress) => hasEnded(progress.status),
  fail: (progress) => ({ ...progress, status: "failed" }),
};
const NOBODY = { subscribe: () => () => undefined, shown: { state: NOT_BEGUN, isLost: false } };

/** An execution: its states as they come, and all of it once it was read. */
export function useExecution(execution: string | undefined, isPast: boolean): Shown | null {
  const { uuid } = useWorkspace();
  const client = useQueryClient();
  const query = useQuery({ ...executionQuery(uuid, execution ?? ""), enabled: execution !== undefined });
  const data = query.data?.uuid === execution ? query.data : undefined;
  const isOver = data !== undefined && hasEnded(data.status);
  const [follower, setFollower] = useState<Follower<Progress> | null>(null);
  useEffect(() => {
    if (execution === undefined || data === undefined || isOver) return undefined;
    const made = new Follower(uuid, execution, TOLD);
    setFollower(made);
    return () => {
      made.stop();
      setFollower(null);
    };
    // What is read in the meantime does not begin it anew.
  }, [uuid, execution, data === undefined, isOver]);
  const { subscribe, shown } = follower ?? NOBODY;
  const live = useSyncExternalStore(subscribe, () => (follower ?? NOBODY).shown);
  const { lastEvent } = live.state;
  useEffect(() => {
    if (!lastEvent || execution === undefined) return undefined;
    const timer = setTimeout(() => void client.invalidateQueries({ queryKey: executionQuery(uuid, execution).queryKey }), REFRESH_MILLISECONDS);
    return () => clearTimeout(timer);
  }, [client, uuid, execution, lastEvent]);
  return useMemo(() => {
    if (execution === undefined) return null;
    const nodes = data?.data?.nodes ?? {};
    const read = Object.fromEntries(Object.entries(nodes).map(([id, each]) => [id, each.status]));
    const told = isOver || !shown.state.lastEvent ? null : live.state;
    return {
      uuid: execution,
      status: told?.status ?? data?.status ?? "queued",
      states: told ? { ...read, ...told.nodes } : read,
      nodes,
      execution: data,
      isLost: live.isLost && !isOver,
      isPast,
    };
  }, [execution, data, isOver, live, isPast, shown.state.lastEvent]);
}
