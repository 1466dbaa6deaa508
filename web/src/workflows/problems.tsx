/** What keeps a workflow from being active, as the server found it when it was saved. */
import { CircleCheck, CircleAlert } from "lucide-react";
import { useMemo } from "react";

import { t } from "@/i18n";

import { useEditor, type Problem } from "./editor-context";
import { edgeKey, titleOf, type GraphNode } from "./graph";
import { isAbout } from "./ports";

/** The problems of a node by the paths of its fields; those of fields that were changed since are left out. */
export function useProblems(node: GraphNode): Readonly<Record<string, string>> {
  const { problems, state } = useEditor();
  return useMemo(() => {
    const saved = state.saved.nodes.find((each) => each.id === node.id);
    const found: Record<string, string> = {};
    for (const problem of problems) {
      if (problem.node_id !== node.id) continue;
      const path = problem.path ?? "data";
      if (!saved || JSON.stringify(valueAt(saved, path)) !== JSON.stringify(valueAt(node, path))) continue;
      found[path] = [found[path], said(problem)].filter(Boolean).join(" ");
    }
    return found;
  }, [problems, state.saved, node]);
}

function valueAt(node: GraphNode, path: string): unknown {
  let value: unknown = node;
  for (const step of path.split(".")) value = (value as Record<string, unknown> | undefined | null)?.[step];
  return value;
}

function said({ message, position }: Problem): string {
  return position === null ? message : `${message} ${t("(at character {position})", { position: position + 1 })}`;
}

export function ProblemList() {
  const { problems, state, kinds, reveal } = useEditor();
  const { nodes, edges } = state.present;
  if (problems.length === 0) {
    return (
      <p className="flex items-center gap-2 text-success">
        <CircleCheck className="size-4" aria-hidden /> {t("There are no problems.")}
      </p>
    );
  }
  const place = (problem: Problem): { id: string | undefined; title: string } => {
    const node = nodes.find((each) => each.id === problem.node_id);
    if (node) return { id: node.id, title: titleOf(node, kinds.get(node.type)) };
    const edge = edges.find((each) => problem.edge_id !== null && isAbout(problem.edge_id, each));
    return { id: edge && edgeKey(edge), title: edge ? `${edge.source} → ${edge.target}` : t("The workflow") };
  };
  return (
    <ul className="grid gap-2">
      {problems.map((problem, number) => {
        const { id, title } = place(problem);
        return (
          <li key={number}>
            <button
              type="button"
              disabled={id === undefined}
              onClick={() => id && reveal([id])}
              className="flex w-full items-start gap-2 rounded-lg bg-danger-soft p-2.5 text-start text-danger enabled:hover:underline"
            >
              <CircleAlert className="mt-0.5 size-4 shrink-0" aria-hidden />
              <span className="min-w-0 break-words">
                <span className="block font-medium">
                  {title}
                  {problem.path && <code className="ms-1 font-mono text-xs">{problem.path.replace(/^data\./, "")}</code>}
                </span>
                {said(problem)}
              </span>
            </button>
          </li>
        );
      })}
    </ul>
  );
}
