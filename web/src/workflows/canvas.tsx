import { Background, MiniMap, Panel, ReactFlow, useReactFlow, useStore, type Connection, type EdgeChange, type FinalConnectionState, type NodeChange } from "@xyflow/react";
import "@xyflow/react/dist/base.css";
import "./canvas.css";

import { Maximize, Minus, Plus } from "lucide-react";
import { useCallback, useRef, type DragEvent } from "react";

import { currentLanguage, t } from "@/i18n";
import { IconButton } from "@/ui/button";
import { moving } from "@/ui/motion";
import { notify } from "@/ui/toasts";

import { DRAGGED } from "./dragging";
import { useEditor } from "./editor-context";
import { useFlowEdges, useFlowNodes, type FlowEdge } from "./flow";
import type { Point } from "./graph";
import { NoteView, StepView, type FlowNode } from "./node-view";
import { edgeOf, refusal, type Refusal, type Wish } from "./ports";
import { useAdding } from "./palette";

const NODE_VIEWS = { step: StepView, note: NoteView };
const FIT = { maxZoom: 1, padding: 0.15 } as const;
/** From here on most of a graph is in sight: to put in and take out nodes at its edges costs more than to keep them all. */
const FAR = 0.5;

const REASONS: Readonly<Record<Exclude<Refusal, "unknown">, { label: string }>> = {
  itself: { label: "A node cannot lead to itself." },
  twice: { label: "They are connected already." },
  circle: { label: "That would lead in a circle. To repeat something, take a loop." },
  body: { label: "Only what a loop’s items are led to can lead back to it." },
};

function wishOf(connection: Connection): Wish {
  return {
    source: connection.source,
    sourcePort: connection.sourceHandle ?? "",
    target: connection.target,
    targetPort: connection.targetHandle ?? "",
  };
}

export function Canvas({ isPhone }: { isPhone: boolean }) {
  const { state, dispatch, kinds, isReadOnly } = useEditor();
  const nodes = useFlowNodes();
  const edges = useFlowEdges();
  const refused = useRef<Refusal | null>(null);
  const box = useRef<HTMLDivElement>(null);
  const isFar = useStore((store) => store.transform[2] < FAR);
  const { present } = state;

  const onNodesChange = useCallback(
    (changes: NodeChange<FlowNode>[]) => {
      const selected = changes.filter((change) => change.type === "select");
      if (selected.length > 0) dispatch({ type: "toggle", changes: selected });
      const moves = changes.filter((change) => change.type === "position");
      const positions = new Map(moves.flatMap((change): [string, Point][] => (change.position ? [[change.id, change.position]] : [])));
      if (positions.size > 0) dispatch({ type: "move", positions });
      if (moves.some((change) => !change.dragging)) dispatch({ type: "settle" });
    },
    [dispatch],
  );
  const onEdgesChange = useCallback(
    (changes: EdgeChange<FlowEdge>[]) => {
      const selected = changes.filter((change) => change.type === "select");
      if (selected.length > 0) dispatch({ type: "toggle", changes: selected });
    },
    [dispatch],
  );
  const isValidConnection = (connection: Connection | FlowEdge): boolean => {
    refused.current = refusal(present, kinds, wishOf(connection as Connection));
    return refused.current === null;
  };
  const onConnectEnd = (_event: unknown, { isValid, toNode }: FinalConnectionState): void => {
    if (isValid === false && toNode && refused.current && refused.current !== "unknown") notify(t(REASONS[refused.current].label));
    refused.current = null;
  };
  return (
    <ReactFlow
      ref={box}
      // While it moves it is one picture, which is drawn anew when it stands still.
      onMove={() => box.current?.toggleAttribute("data-moving", true)}
      onMoveEnd={() => box.current?.toggleAttribute("data-moving", false)}
      nodes={nodes}
      edges={edges}
      nodeTypes={NODE_VIEWS}
      onNodesChange={onNodesChange}
      onEdgesChange={onEdgesChange}
      onConnect={(connection) => dispatch({ type: "connect", edge: edgeOf(wishOf(connection)) })}
      onConnectEnd={onConnectEnd}
      isValidConnection={isValidConnection}
      nodesDraggable={!isReadOnly}
      nodesConnectable={!isReadOnly}
      deleteKeyCode={null}
      multiSelectionKeyCode={["Shift", "Meta", "Control"]}
      selectionKeyCode="Shift"
      connectionRadius={28}
      minZoom={0.1}
      maxZoom={1.75}
      fitView
      fitViewOptions={FIT}
      className={isFar ? "far" : ""}
      onlyRenderVisibleElements={!isFar}
      elevateNodesOnSelect={false}
      zoomOnDoubleClick={false}
      ariaLabelConfig={ariaLabels()}
      aria-label={t("The graph")}
      {...useDropping()}
    >
      <Background gap={20} size={1.5} />
      {!isPhone && <MiniMap pannable zoomable ariaLabel={t("Overview")} position="bottom-left" className="max-lg:hidden" style={{ width: 132, height: 92 }} />}
      <Panel position="bottom-right">
        <Zoom />
      </Panel>
    </ReactFlow>
  );
}

function useDropping() {
  const { isReadOnly } = useEditor();
  const { screenToFlowPosition } = useReactFlow();
  const add = useAdding();
  if (isReadOnly) return {};
  return {
    onDragOver: (event: DragEvent) => {
      if (event.dataTransfer.types.includes(DRAGGED)) event.preventDefault();
    },
    onDrop: (event: DragEvent) => {
      const type = event.dataTransfer.getData(DRAGGED);
      if (!type) return;
      event.preventDefault();
      add(type, screenToFlowPosition({ x: event.clientX - 40, y: event.clientY - 20 }));
    },
  };
}

function Zoom() {
  const { zoomIn, zoomOut, fitView } = useReactFlow();
  const percent = useStore((store) => Math.round(store.transform[2] * 100));
  return (
    <div className="flex items-center gap-0.5 rounded-lg border bg-raised p-0.5 shadow-sm">
      <IconButton label={t("Smaller")} onClick={() => void zoomOut()}>
        <Minus />
      </IconButton>
      <span className="w-11 text-center text-xs text-muted tabular-nums">{percent} %</span>
      <IconButton label={t("Larger")} onClick={() => void zoomIn()}>
        <Plus />
      </IconButton>
      <IconButton label={t("Show all of it")} onClick={() => void fitView({ ...FIT, duration: moving(200) })}>
        <Maximize />
      </IconButton>
    </div>
  );
}

const LABELS = new Map<string, Record<string, string>>();

/** One object for each language: another one would have all nodes drawn anew. */
function ariaLabels(): Record<string, string> {
  const language = currentLanguage();
  const found = LABELS.get(language) ?? {
    "node.a11yDescription.default": t("Press Enter to select it, and the arrow keys to move it."),
    "node.a11yDescription.keyboardDisabled": t("Press Enter to select it."),
    "edge.a11yDescription.default": t("Press Enter to select it."),
    "minimap.ariaLabel": t("Overview"),
  };
  LABELS.set(language, found);
  return found;
}
