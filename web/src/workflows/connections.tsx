/** Where a node leads to, as a list: for the keyboard, and for graphs that are hard to see. */
import { ArrowRight, Plus, X } from "lucide-react";

import { t } from "@/i18n";
import { IconButton } from "@/ui/button";
import { AreaField } from "@/ui/field";
import { Picker } from "@/ui/picker";

import { useEditor } from "./editor-context";
import { edgeKey, titleOf, type GraphEdge, type GraphNode } from "./graph";
import { edgeOf, inputsOf, isAbout, outputsOf, refusal, sourcePort, type Wish } from "./ports";
import { SidePanel } from "./side-panel";

export function Connections({ node }: { node: GraphNode }) {
  const { state, kinds, dispatch, isReadOnly } = useEditor();
  const { present } = state;
  const ports = outputsOf(node, kinds.get(node.type));
  if (ports.length === 0) return null;
  const nameOf = (id: string): string => {
    const found = present.nodes.find((each) => each.id === id);
    return found ? titleOf(found, kinds.get(found.type)) : id;
  };
  return (
    <section aria-label={t("Leads to")} className="grid gap-1.5 border-t pt-3">
      <h3 className="font-medium">{t("Leads to")}</h3>
      {ports.map((port) => (
        <div key={port.name} className="flex flex-wrap items-center gap-1.5">
          {ports.length > 1 && <span className="text-xs text-muted">{port.title}</span>}
          <ArrowRight className="size-4 text-muted rtl:-scale-x-100" aria-hidden />
          {present.edges
            .filter((edge) => edge.source === node.id && sourcePort(edge, node, kinds) === port.name)
            .map((edge) => (
              <span key={edgeKey(edge)} className="inline-flex min-h-6 items-center rounded-md bg-hover ps-2">
                <button type="button" className="hover:underline" onClick={() => dispatch({ type: "select", ids: [edgeKey(edge)] })}>
                  {nameOf(edge.target)}
                </button>
                {isReadOnly ? (
                  <span className="w-2" />
                ) : (
                  <IconButton
                    label={t("Remove {name}", { name: nameOf(edge.target) })}
                    className="size-6"
                    onClick={() => dispatch({ type: "remove", ids: new Set([edgeKey(edge)]) })}
                  >
                    <X />
                  </IconButton>
                )}
              </span>
            ))}
          {!isReadOnly && <Connect node={node} port={port.name} />}
        </div>
      ))}
    </section>
  );
}

function Connect({ node, port }: { node: GraphNode; port: string }) {
  const { state, kinds, dispatch } = useEditor();
  const { present } = state;
  const wishes = new Map(
    present.nodes.flatMap((each) =>
      inputsOf(kinds.get(each.type)).flatMap((input, _at, all): [string, { wish: Wish; label: string }][] => {
        const wish = { source: node.id, sourcePort: port, target: each.id, targetPort: input.name };
        const title = titleOf(each, kinds.get(each.type));
        return refusal(present, kinds, wish) ? [] : [[`${each.id} ${input.name}`, { wish, label: all.length > 1 ? `${title}: ${input.title}` : title }]];
      }),
    ),
  );
  return (
    <Picker
      label={t("Connect {port} to", { port })}
      icon={<Plus aria-hidden />}
      shown={t("Connect")}
      value={null}
      options={[...wishes].map(([value, { label, wish }]) => ({ value, label, detail: wish.target }))}
      empty={t("There is nothing that it can lead to.")}
      onPick={(value) => {
        const found = wishes.get(value);
        if (found) dispatch({ type: "connect", edge: edgeOf(found.wish) });
      }}
    />
  );
}

/** What stands beside the canvas about the selected edge. */
export function EdgePanel({ edge }: { edge: GraphEdge }) {
  const { dispatch, isReadOnly, problems } = useEditor();
  const key = edgeKey(edge);
  const problem = problems.find(({ edge_id }) => edge_id !== null && isAbout(edge_id, edge));
  return (
    <SidePanel title={`${edge.source} → ${edge.target}`} onClose={() => dispatch({ type: "select", ids: [] })}>
      <AreaField
        label={t("Condition")}
        hint={t("An expression over input, the value. When it is false, nothing goes on here.")}
        problem={problem?.message}
        placeholder="{{ input.total > 100 }}"
        rows={2}
        className="font-mono text-[13px]"
        readOnly={isReadOnly}
        value={edge.condition ?? ""}
        onChange={(event) => dispatch({ type: "changeEdge", key, changes: { condition: event.target.value || null } })}
      />
    </SidePanel>
  );
}
