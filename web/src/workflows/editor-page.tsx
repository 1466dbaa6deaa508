import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link, useBlocker } from "@tanstack/react-router";
import { ReactFlowProvider, useReactFlow } from "@xyflow/react";
import { useCallback, useEffect, useMemo, useReducer, useRef, useState, useSyncExternalStore } from "react";
import { flushSync } from "react-dom";

import { ApiError, type Schemas } from "@/api/client";
import type { Tagged } from "@/api/items";
import { t } from "@/i18n";
import { useWorkspace } from "@/shell/workspace";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { moving } from "@/ui/motion";
import { Failure, Spinner } from "@/ui/state";
import { notify, notifyFailure } from "@/ui/toasts";
import { useTitle } from "@/ui/page";

import { Canvas } from "./canvas";
import { EdgePanel } from "./connections";
import { draftOf, problemsOf, useExecution, useFollowing, useSaving, useStarting } from "./editing";
import { EditorContext, useEditor, type Editor, type Problem, type Shown } from "./editor-context";
import { ExecutionBar } from "./execution-bar";
import { begin, edgeKey, reduce, type Draft, type Kinds } from "./graph";
import { useKeys } from "./keys";
import { NodePanel } from "./node-panel";
import { Palette } from "./palette";
import { kindsQuery, workflowQuery, type Workflow } from "./queries";
import type { EditorSearch } from "./routes";
import { Toolbar } from "./toolbar";
import { WorkflowPanel } from "./workflow-panel";

const route = getRouteApi("/w/$workspace/workflows/$workflow");
const PHONE = matchMedia("(max-width: 767px)");
const MARGIN = 24;
const NONE: readonly Problem[] = [];

function useIsPhone(): boolean {
  const subscribe = useCallback((listener: () => void) => {
    PHONE.addEventListener("change", listener);
    return () => PHONE.removeEventListener("change", listener);
  }, []);
  return useSyncExternalStore(subscribe, () => PHONE.matches);
}

export function EditorPage() {
  const { workflow: uuid } = route.useParams();
  const search = route.useSearch();
  const workspace = useWorkspace();
  const workflow = useQuery(workflowQuery(workspace.uuid, uuid));
  const kinds = useQuery(kindsQuery(workspace.uuid));
  const shown = useExecution(search.execution ?? search.run, search.execution !== undefined);
  useTitle(workflow.data?.item.name ?? t("Workflow"));
  const failed = [workflow, kinds].find((each) => each.isError && each.data === undefined);
  if (failed) {
    return (
      <div className="grid gap-3 p-6">
        <Failure error={failed.error} onRetry={() => void failed.refetch()} />
        <Link to="/w/$workspace/workflows" params={{ workspace: workspace.uuid }} className="text-accent-ink underline">
          {t("All workflows")}
        </Link>
      </div>
    );
  }
  const isRead = search.execution === undefined || shown?.execution !== undefined;
  if (!workflow.data || !kinds.data || !isRead) return <Spinner className="m-auto" />;
  const ran = shown?.isPast ? shown.execution?.data?.workflow_data : null;
  return (
    <ReactFlowProvider>
      <OpenWorkflow key={`${uuid} ${search.execution ?? ""}`} read={workflow.data} kinds={kinds.data} shown={shown} ran={ran ?? null} search={search} />
    </ReactFlowProvider>
  );
}

interface OpenProps {
  read: Tagged<Workflow>;
  kinds: Kinds;
  shown: Shown | null;
  /** The graph as it ran, where that is shown. */
  ran: Schemas["WorkflowExecutionDataWorkflowData"] | null;
  search: EditorSearch;
}

function OpenWorkflow({ read, kinds, shown, ran, search }: OpenProps) {
  const workflow = read.item;
  const { may } = useWorkspace();
  const navigate = route.useNavigate();
  const isPhone = useIsPhone();
  const [first] = useState<Draft>(() => ({ ...draftOf(workflow), ...ran }));
  const [state, dispatch] = useReducer(reduce, first, (draft) => reduce(begin(draft, read.etag), { type: "select", ids: search.node ? [search.node] : [] }));
  const isChanged = state.present !== state.saved;
  const isReadOnly = isPhone || ran !== null || !may("workflows.update");
  useFollowing(read, state, dispatch, ran !== null);
  const saving = useSaving(workflow);
  const starting = useStarting(workflow.uuid);
  const go = useCallback((next: EditorSearch) => void navigate({ search: next, replace: true }), [navigate]);
  const { fitView } = useReactFlow();
  const refused = useMemo(() => problemsOf(saving.error), [saving.error]);

  const reveal = useCallback(
    (ids: readonly string[]) => {
      dispatch({ type: "select", ids });
      setTimeout(() => void fitView({ nodes: ids.map((id) => ({ id })), maxZoom: 1, padding: 0.6, duration: moving(200) }), 50);
    },
    [fitView],
  );
  const latest = useRef(state);
  latest.current = state;
  const saveNow = async (): Promise<string | null> => {
    const { present: draft, saved: before, etag } = latest.current;
    if (draft === before) return etag;
    try {
      const body = { ...draft, nodes: [...draft.nodes], edges: [...draft.edges], variables: [...draft.variables], tags: [...draft.tags] };
      const saved = await saving.mutateAsync({ etag, body });
      // At once, so that the save that waits its turn knows of it.
      flushSync(() => dispatch({ type: "saved", draft, etag: saved.etag }));
      return saved.etag;
    } catch (error) {
      if (!(error instanceof ApiError && error.status === 412)) notifyFailure(error);
      return null;
    }
  };
  // One after another: a save that begins while another is under way would be refused as somebody else's.
  const inTurn = useRef<Promise<unknown>>(Promise.resolve());
  const save = (): Promise<string | null> => {
    const saved = inTurn.current.then(saveNow);
    inTurn.current = saved;
    return saved;
  };
  const run = async (body: Schemas["WorkflowRun"]): Promise<void> => {
    if ((await save()) !== null) go({ run: await starting.start(body) });
  };
  const retry = async (execution: string, body: Schemas["ExecutionRetry"]): Promise<void> => {
    if ((await save()) !== null) go({ run: await starting.again(execution, body) });
  };
  const told = (work: Promise<void>): Promise<void> => work.catch(notifyFailure);
  const problems = refused.length > 0 ? refused : ran ? NONE : workflow.problems;
  const editor: Editor = {
    workflow, kinds, state, dispatch, isReadOnly, isChanged, problems, shown, search, go, reveal, save, run,
    retry: (execution, body) => told(retry(execution, body)),
  };
  const isConflict = saving.error instanceof ApiError && saving.error.status === 412;
  return (
    <EditorContext.Provider value={editor}>
      <Workbench isPhone={isPhone} isSaving={saving.isPending} />
      <Leaving />
      {isConflict && <Conflict onClose={() => saving.reset()} />}
    </EditorContext.Provider>
  );
}

function Workbench({ isPhone, isSaving }: { isPhone: boolean; isSaving: boolean }) {
  const { state, shown, search, go, isReadOnly, dispatch } = useEditor();
  const { present, selection } = state;
  const only = selection.size === 1 ? [...selection][0] : undefined;
  const node = present.nodes.find((each) => each.id === only);
  const edge = node ? undefined : present.edges.find((each) => edgeKey(each) === only);
  useKeys();
  const id = node?.id;
  useKeepingInSight(id);
  useEffect(() => {
    if (id === search.node && !(id && search.panel)) return;
    const { node: _node, panel, ...others } = search;
    go({ ...others, ...(id ? { node: id } : panel ? { panel } : {}) });
  }, [id]);
  return (
    <div className="flex min-h-0 flex-1 flex-col">
      <Toolbar isSaving={isSaving} isPhone={isPhone} />
      {shown && <ExecutionBar shown={shown} />}
      <div className="flex min-h-0 flex-1 max-md:flex-col">
        {!isReadOnly && <Palette className="max-lg:hidden" />}
        <div className="relative min-h-0 min-w-0 flex-1">
          <Canvas isPhone={isPhone} />
          {present.nodes.length === 0 && (
            <p className="pointer-events-none absolute inset-x-0 top-1/3 px-6 text-center text-muted">
              {isReadOnly ? t("There are no nodes yet.") : t("Choose what starts the workflow among the nodes at the left, or press / to search them.")}
            </p>
          )}
        </div>
        {node && <NodePanel key={node.id} node={node} />}
        {edge && <EdgePanel edge={edge} />}
        {!node && !edge && search.panel && (
          <WorkflowPanel
            panel={search.panel}
            onClose={() => {
              const { panel: _panel, ...others } = search;
              dispatch({ type: "select", ids: [] });
              go(others);
            }}
          />
        )}
      </div>
    </div>
  );
}

/** Moves the canvas when the panel of a node that is selected would cover it. */
function useKeepingInSight(id: string | undefined): void {
  const { getNode, flowToScreenPosition, getViewport, setViewport } = useReactFlow();
  useEffect(() => {
    const timer = setTimeout(() => {
      const node = id === undefined ? undefined : getNode(id);
      const canvas = document.querySelector(".react-flow")?.getBoundingClientRect();
      if (!node || !canvas) return;
      const viewport = getViewport();
      const { x, y } = flowToScreenPosition(node.position);
      const [width, height] = [(node.width ?? 0) * viewport.zoom, (node.height ?? 0) * viewport.zoom];
      const by = (start: number, size: number, from: number, to: number): number =>
        start < from + MARGIN ? from + MARGIN - start : Math.min(0, to - MARGIN - size - start);
      const [right, down] = [by(x, width, canvas.left, canvas.right), by(y, height, canvas.top, canvas.bottom)];
      if (right || down) void setViewport({ ...viewport, x: viewport.x + right, y: viewport.y + down });
    }, 50);
    return () => clearTimeout(timer);
  }, [id, getNode, flowToScreenPosition, getViewport, setViewport]);
}

/** Asks before changes are lost. */
function Leaving() {
  const { isChanged } = useEditor();
  const { status, proceed, reset } = useBlocker({
    shouldBlockFn: ({ current, next }) => isChanged && (current.pathname !== next.pathname || "execution" in next.search),
    enableBeforeUnload: () => isChanged,
    withResolver: true,
  });
  if (status !== "blocked") return null;
  return (
    <Dialog title={t("Leave without saving?")} onClose={reset}>
      <div className="grid gap-4">
        <p>{t("What you changed is not saved, and would be lost.")}</p>
        <div className="flex justify-end gap-2">
          <Button onClick={reset}>{t("Stay here")}</Button>
          <Button kind="danger" onClick={proceed}>
            {t("Leave")}
          </Button>
        </div>
      </div>
    </Dialog>
  );
}

/** Somebody else saved it meanwhile. */
function Conflict({ onClose }: { onClose: () => void }) {
  const { workflow, dispatch } = useEditor();
  const { uuid } = useWorkspace();
  const query = useQuery(workflowQuery(uuid, workflow.uuid));
  const load = async (): Promise<void> => {
    const { data } = await query.refetch();
    if (data) dispatch({ type: "load", draft: draftOf(data.item), etag: data.etag });
    onClose();
    notify(t("This is how it was saved last."));
  };
  return (
    <Dialog title={t("Somebody changed it meanwhile")} onClose={onClose}>
      <div className="grid gap-4">
        <p>{t("Your changes were not saved, so that nothing of theirs is lost. Load the workflow as it is now, and make yours again; or stay here to copy them first.")}</p>
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>{t("Stay here")}</Button>
          <Button kind="primary" onClick={() => void load()}>
            {t("Load it")}
          </Button>
        </div>
      </div>
    </Dialog>
  );
}
