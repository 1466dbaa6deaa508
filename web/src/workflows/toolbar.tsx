import { useMutation } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { ChevronLeft, CircleAlert, Download, Ellipsis, History, LayoutGrid, Play, Redo2, Settings2, Sparkles, Undo2, Webhook, Workflow as Icon } from "lucide-react";
import { useState } from "react";

import { ApiError } from "@/api/client";
import { t } from "@/i18n";
import { useWorkspace } from "@/shell/workspace";
import { Button, IconButton } from "@/ui/button";
import { Menu, MenuItem } from "@/ui/menu";
import { Spinner } from "@/ui/state";
import { notifyFailure } from "@/ui/toasts";

import { useSaving } from "./editing";
import { useEditor } from "./editor-context";
import { download } from "./documents";
import { GenerateDialog } from "./generate-dialog";
import { arranged } from "./geometry";
import { WorkflowBadge } from "./looks";
import type { Panel } from "./routes";
import { RunDialog } from "./run-dialog";

export function Toolbar({ isSaving, isPhone }: { isSaving: boolean; isPhone: boolean }) {
  const { workflow, state, isChanged, isReadOnly, shown, save } = useEditor();
  const { uuid, may } = useWorkspace();
  const [isRunning, setRunning] = useState(false);
  return (
    <header className="flex min-h-12 flex-wrap items-center gap-x-2 gap-y-1 border-b px-2 py-1">
      <Link
        to="/w/$workspace/workflows"
        params={{ workspace: uuid }}
        aria-label={t("All workflows")}
        title={t("All workflows")}
        className="flex size-8 items-center justify-center rounded-lg text-muted hover:bg-hover hover:text-ink"
      >
        <ChevronLeft className="size-4 rtl:-scale-x-100" aria-hidden />
      </Link>
      <h1 dir="auto" className="min-w-0 flex-1 truncate font-semibold">
        {state.present.name}
      </h1>
      <WorkflowBadge status={workflow.status} />
      {!isReadOnly && <Changing />}
      {!shown?.isPast && <Problems />}
      {!isReadOnly && (
        <Button disabled={!isChanged || isSaving} onClick={() => void save()}>
          {isSaving ? <Spinner label={t("Save")} /> : t("Save")}
        </Button>
      )}
      {may("workflows.update") && !shown?.isPast && !isPhone && <Activation />}
      {may("workflows.run") && !shown?.isPast && (
        <Button kind="primary" onClick={() => setRunning(true)}>
          <Play aria-hidden /> {t("Run")}
        </Button>
      )}
      <More />
      {isRunning && <RunDialog onClose={() => setRunning(false)} />}
    </header>
  );
}

function Changing() {
  const { state, dispatch, kinds } = useEditor();
  return (
    <span className="flex">
      <IconButton label={t("Undo")} disabled={state.past.length === 0} onClick={() => dispatch({ type: "undo" })}>
        <Undo2 />
      </IconButton>
      <IconButton label={t("Redo")} disabled={state.future.length === 0} onClick={() => dispatch({ type: "redo" })}>
        <Redo2 />
      </IconButton>
      <IconButton
        label={t("Put in order")}
        onClick={() => {
          dispatch({ type: "settle" });
          dispatch({ type: "move", positions: arranged(state.present, kinds) });
          dispatch({ type: "settle" });
        }}
      >
        <LayoutGrid />
      </IconButton>
    </span>
  );
}

function usePanel(): (panel: Panel) => void {
  const { dispatch, go, search } = useEditor();
  return (panel) => {
    dispatch({ type: "select", ids: [] });
    const { node: _node, ...others } = search;
    go({ ...others, panel });
  };
}

function Problems() {
  const { problems } = useEditor();
  const open = usePanel();
  if (problems.length === 0) return null;
  return (
    <Button kind="danger" className="h-8" onClick={() => open("problems")}>
      <CircleAlert aria-hidden /> {problems.length === 1 ? t("1 problem") : t("{count} problems", { count: problems.length })}
    </Button>
  );
}

function Activation() {
  const { workflow, dispatch, save } = useEditor();
  const open = usePanel();
  const saving = useSaving(workflow);
  const isActive = workflow.status === "active";
  const change = useMutation({
    mutationFn: async () => {
      const etag = await save();
      if (etag === null) return;
      const changed = await saving.mutateAsync({ etag, body: { status: isActive ? "inactive" : "active" } });
      dispatch({ type: "known", etag: changed.etag });
    },
    onError: (error) => {
      if (error instanceof ApiError && error.code === "workflow_invalid") open("problems");
      notifyFailure(error);
    },
  });
  return (
    <Button disabled={change.isPending} onClick={() => change.mutate()}>
      {isActive ? t("Deactivate") : t("Activate")}
    </Button>
  );
}

function More() {
  const { workflow, isReadOnly, shown } = useEditor();
  const { uuid, may } = useWorkspace();
  const open = usePanel();
  const [isGenerating, setGenerating] = useState(false);
  const trigger = (
    <IconButton label={t("More about {name}", { name: workflow.name })}>
      <Ellipsis />
    </IconButton>
  );
  return (
    <>
      <Menu trigger={trigger} align="end">
        <MenuItem onSelect={() => open("workflow")}>
          <Settings2 aria-hidden /> {t("Settings and variables")}
        </MenuItem>
        <MenuItem onSelect={() => open("versions")}>
          <History aria-hidden /> {t("Versions")}
        </MenuItem>
        <MenuItem onSelect={() => open("executions")}>
          <Icon aria-hidden /> {t("Executions")}
        </MenuItem>
        {workflow.webhook && (
          <MenuItem onSelect={() => open("webhook")}>
            <Webhook aria-hidden /> {t("Webhook")}
          </MenuItem>
        )}
        {may("workflows.generate") && !isReadOnly && !shown?.isPast && (
          <MenuItem onSelect={() => setGenerating(true)}>
            <Sparkles aria-hidden /> {t("Change by description")}
          </MenuItem>
        )}
        <MenuItem onSelect={() => void download(uuid, workflow).catch(notifyFailure)}>
          <Download aria-hidden /> {t("Export")}
        </MenuItem>
      </Menu>
      {isGenerating && <GenerateDialog workflow={workflow} onClose={() => setGenerating(false)} />}
    </>
  );
}
