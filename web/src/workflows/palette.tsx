/** What can be put on the canvas. */
import { useState } from "react";

import { t } from "@/i18n";
import { cn } from "@/ui/classes";
import { SearchField } from "@/ui/search-field";

import { DRAGGED } from "./dragging";
import { useEditor } from "./editor-context";
import { placeBeside } from "./geometry";
import { freeId, type GraphNode, type Kind, type Point } from "./graph";
import { CATEGORIES } from "./looks";
import { following } from "./ports";

/** Adds a node: where it is dropped, or after the one that is selected, connected with it. */
export function useAdding(): (type: string, place?: Point) => void {
  const { state, kinds, dispatch, reveal } = useEditor();
  return (type, place) => {
    const { present, selection } = state;
    const selected = place ? undefined : present.nodes.find((node) => selection.has(node.id) && selection.size === 1);
    const id = freeId(type, new Set(present.nodes.map((node) => node.id)));
    const source = selected && kinds.get(type)?.inputs.length ? selected : undefined;
    const node: GraphNode = { id, type, position: place ?? placeBeside(present.nodes, kinds, source), data: {} };
    dispatch({ type: "add", node, edge: source && following(present, kinds, source, node) });
    if (!place) reveal([id]);
  };
}

export function Palette({ className }: { className?: string }) {
  const { kinds } = useEditor();
  const [search, setSearch] = useState("");
  const words = search.trim().toLowerCase();
  const found = [...kinds.values()].filter((kind) => `${kind.name} ${kind.type} ${kind.description}`.toLowerCase().includes(words));
  const categories = Object.keys(CATEGORIES) as Kind["category"][];
  return (
    <aside aria-label={t("Nodes to add")} className={cn("flex w-56 shrink-0 flex-col border-e bg-canvas", className)}>
      <div className="p-2">
        <SearchField label={t("Search nodes")} value={search} onSearch={setSearch} className="md:w-full" />
      </div>
      <div tabIndex={0} aria-label={t("Nodes to add")} role="region" className="min-h-0 flex-1 overflow-y-auto px-2 pb-3">
        {found.length === 0 && <p className="px-2 py-3 text-muted">{t("Nothing is called so.")}</p>}
        {categories.map((category) => (
          <Group key={category} category={category} kinds={found.filter((kind) => kind.category === category)} />
        ))}
      </div>
    </aside>
  );
}

function Group({ category, kinds }: { category: Kind["category"]; kinds: readonly Kind[] }) {
  const add = useAdding();
  const { icon: Icon, label, className } = CATEGORIES[category];
  if (kinds.length === 0) return null;
  return (
    <section aria-label={t(label)}>
      <h2 className="px-2 pt-3 pb-1 text-xs font-medium text-muted">{t(label)}</h2>
      <ul>
        {kinds.map((kind) => (
          <li key={kind.type}>
            <button
              type="button"
              draggable
              title={kind.description}
              onDragStart={(event) => event.dataTransfer.setData(DRAGGED, kind.type)}
              onClick={() => add(kind.type)}
              className="flex w-full items-center gap-2 rounded-lg px-2 py-1 text-start hover:bg-hover"
            >
              <span className={cn("flex size-6 shrink-0 items-center justify-center rounded-md", className)} aria-hidden>
                <Icon className="size-3.5" />
              </span>
              <span className="truncate">{kind.name}</span>
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
