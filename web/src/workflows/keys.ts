/** What the editor does by keys, and by the clipboard. */
import { useEffect, useRef } from "react";

import { useEditor } from "./editor-context";
import { type GraphEdge, type GraphNode } from "./graph";

const FORMAT = "athena/nodes/1";
const SHIFT = 40;

function isEditable(target: EventTarget | null): boolean {
  const element = target as HTMLElement | null;
  return element?.closest("input, textarea, select, [contenteditable], dialog, [role='menu']") != null;
}

export function useKeys(): void {
  const editor = useEditor();
  const latest = useRef(editor);
  latest.current = editor;
  const pasted = useRef(0);
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent): void => {
      const { dispatch, isReadOnly, state, save } = latest.current;
      if (isReadOnly) return;
      const key = event.key.toLowerCase();
      const isCommand = (event.ctrlKey || event.metaKey) && !event.altKey;
      if (isCommand && key === "s") void save();
      else if (isEditable(event.target)) return;
      else if (isCommand && key === "z") dispatch({ type: event.shiftKey ? "redo" : "undo" });
      else if (isCommand && key === "y") dispatch({ type: "redo" });
      else if (isCommand && key === "a") dispatch({ type: "select", ids: state.present.nodes.map((node) => node.id) });
      else if (event.key === "Delete" || event.key === "Backspace") dispatch({ type: "remove", ids: state.selection });
      else if (event.key === "/") document.querySelector<HTMLInputElement>("aside input[type=search]")?.focus();
      else return;
      event.preventDefault();
    };
    const onCopy = (event: ClipboardEvent): void => {
      const { nodes, edges } = latest.current.state.present;
      const { selection } = latest.current.state;
      const chosen = nodes.filter((node) => selection.has(node.id));
      if (isEditable(event.target) || chosen.length === 0 || getSelection()?.isCollapsed === false) return;
      const inner = edges.filter((edge) => selection.has(edge.source) && selection.has(edge.target));
      event.clipboardData?.setData("text/plain", JSON.stringify({ format: FORMAT, nodes: chosen, edges: inner }));
      pasted.current = 0;
      event.preventDefault();
    };
    const onPaste = (event: ClipboardEvent): void => {
      const { dispatch, isReadOnly } = latest.current;
      const found = isReadOnly || isEditable(event.target) ? null : read(event.clipboardData?.getData("text/plain") ?? "");
      if (!found) return;
      pasted.current += 1;
      dispatch({ type: "paste", ...found, by: { x: SHIFT * pasted.current, y: SHIFT * pasted.current } });
      event.preventDefault();
    };
    window.addEventListener("keydown", onKeyDown);
    document.addEventListener("copy", onCopy);
    document.addEventListener("paste", onPaste);
    return () => {
      window.removeEventListener("keydown", onKeyDown);
      document.removeEventListener("copy", onCopy);
      document.removeEventListener("paste", onPaste);
    };
  }, []);
}

/** Nodes from the clipboard; `null` for any other text. */
function read(text: string): { nodes: GraphNode[]; edges: GraphEdge[] } | null {
  try {
    const found = JSON.parse(text) as { format?: unknown; nodes?: GraphNode[]; edges?: GraphEdge[] } | null;
    const isOurs = found?.format === FORMAT && Array.isArray(found.nodes) && Array.isArray(found.edges);
    const isNode = (node: Partial<GraphNode>): boolean => typeof node.id === "string" && typeof node.type === "string";
    return isOurs && found.nodes?.every(isNode) ? { nodes: found.nodes, edges: found.edges ?? [] } : null;
  } catch {
    return null;
  }
}
