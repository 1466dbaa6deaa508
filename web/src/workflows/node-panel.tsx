/** What stands beside the canvas about the selected node. */
import { Play, Trash2, Undo2 } from "lucide-react";
import { useState } from "react";

import { t } from "@/i18n";
import { useWorkspace } from "@/shell/workspace";
import { IconButton } from "@/ui/button";
import { Menu, MenuItem } from "@/ui/menu";

import { Connections } from "./connections";
import { useEditor } from "./editor-context";
import { titleOf, type GraphNode } from "./graph";
import { NodeForm } from "./node-form";
import { NodeSettings } from "./node-settings";
import { RunAlone } from "./run-dialog";
import { NodeResult } from "./result-view";
import { SidePanel } from "./side-panel";

type View = "setup" | "settings" | "result";
const VIEWS: readonly { view: View; label: string }[] = [
  { view: "setup", label: "Set up" },
  { view: "settings", label: "Settings" },
  { view: "result", label: "Result" },
];

export function NodePanel({ node }: { node: GraphNode }) {
  const { kinds, shown, dispatch, isReadOnly } = useEditor();
  const kind = kinds.get(node.type);
  const result = shown?.nodes[node.id];
  const [view, setView] = useState<View>(shown && isReadOnly ? "result" : "setup");
  const actual = view === "result" && !shown ? "setup" : view;
  return (
    <SidePanel
      title={titleOf(node, kind)}
      onClose={() => dispatch({ type: "select", ids: [] })}
      actions={
        <>
          {kind && node.type !== "note" && <RunMenu node={node} />}
          {!isReadOnly && (
            <IconButton label={t("Delete")} onClick={() => dispatch({ type: "remove", ids: new Set([node.id]) })}>
              <Trash2 />
            </IconButton>
          )}
        </>
      }
    >
      {kind && <p className="text-xs text-muted">{kind.description}</p>}
      {node.type !== "note" && (
        <div role="tablist" aria-label={t("About the node")} className="-mx-4 flex gap-1 border-b px-4">
          {VIEWS.filter((each) => each.view !== "result" || shown).map((each) => (
            <button
              key={each.view}
              type="button"
              role="tab"
              aria-selected={actual === each.view}
              onClick={() => setView(each.view)}
              className="-mb-px border-b-2 border-transparent px-2 py-1.5 text-muted hover:text-ink aria-selected:border-accent aria-selected:font-medium aria-selected:text-ink"
            >
              {t(each.label)}
            </button>
          ))}
        </div>
      )}
      {actual === "setup" && (kind ? <NodeForm node={node} kind={kind} /> : <p className="text-danger">{t("There is no such type of node here.")}</p>)}
      {actual === "setup" && <Connections node={node} />}
      {actual === "settings" && <NodeSettings node={node} />}
      {actual === "result" && (result ? <NodeResult key={shown?.uuid} result={result} execution={shown?.uuid ?? ""} /> : <p className="text-muted">{t("It was not come to yet.")}</p>)}
    </SidePanel>
  );
}

/** Running to the node, from it, or it alone. */
function RunMenu({ node }: { node: GraphNode }) {
  const { kinds, shown, run, retry, isChanged } = useEditor();
  const { may } = useWorkspace();
  const [isAsked, setAsked] = useState(false);
  if (!may("workflows.run") || (isChanged && !may("workflows.update"))) return null;
  const isTrigger = kinds.get(node.type)?.kind === "trigger";
  const trigger = (
    <IconButton label={t("Run a part")}>
      <Play />
    </IconButton>
  );
  const input = shown?.execution?.input;
  return (
    <>
      <Menu trigger={trigger} align="end">
        <MenuItem onSelect={() => void run({ stop_after_node_id: node.id, test: true, ...(input === undefined ? {} : { input }) })}>
          <Play aria-hidden /> {t("Run to here")}
        </MenuItem>
        {!isTrigger && (
          <MenuItem onSelect={() => setAsked(true)}>
            <Play aria-hidden /> {t("Run this node alone")}
          </MenuItem>
        )}
        {shown && may("workflow_executions.retry") && (
          <MenuItem onSelect={() => void retry(shown.uuid, { from_node_id: node.id, use_current_version: true })}>
            <Undo2 aria-hidden /> {t("Run from here")}
          </MenuItem>
        )}
      </Menu>
      {isAsked && <RunAlone node={node} onClose={() => setAsked(false)} />}
    </>
  );
}
