import { useNavigate } from "@tanstack/react-router";
import { Bookmark, Plus, Trash2 } from "lucide-react";
import { useState } from "react";

import { t } from "@/i18n";
import { useWorkspace } from "@/shell/workspace";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Field } from "@/ui/field";
import { Menu, MenuChoice, MenuItem, MenuLabel, MenuLine } from "@/ui/menu";

import type { ExecutionFilters } from "./search";
import { removeView, savedViews, saveView } from "./views";

export function ViewsMenu({ filters }: { filters: ExecutionFilters }) {
  const { uuid } = useWorkspace();
  const navigate = useNavigate();
  const [views, setViews] = useState(() => savedViews(uuid));
  const [isNaming, setNaming] = useState(false);
  const chosen = views.find((each) => same(each.filters, filters));
  return (
    <>
      <Menu
        align="end"
        trigger={
          <Button>
            <Bookmark aria-hidden />
            {chosen?.name ?? t("Views")}
          </Button>
        }
      >
        {views.length === 0 && <MenuLabel>{t("Filters that you save stand here.")}</MenuLabel>}
        {views.map((view) => (
          <MenuChoice
            key={view.name}
            isChosen={view === chosen}
            onChoose={() => void navigate({ to: "/w/$workspace/executions", params: { workspace: uuid }, search: view.filters })}
          >
            {view.name}
          </MenuChoice>
        ))}
        <MenuLine />
        <MenuItem onSelect={() => setNaming(true)}>
          <Plus aria-hidden />
          {t("Save these filters")}
        </MenuItem>
        {chosen && (
          <MenuItem onSelect={() => setViews(removeView(uuid, chosen.name))}>
            <Trash2 aria-hidden />
            {t("Remove {name}", { name: chosen.name })}
          </MenuItem>
        )}
      </Menu>
      {isNaming && (
        <NameDialog
          onClose={() => setNaming(false)}
          onName={(name) => {
            setViews(saveView(uuid, { name, filters }));
            setNaming(false);
          }}
        />
      )}
    </>
  );
}

function NameDialog({ onName, onClose }: { onName: (name: string) => void; onClose: () => void }) {
  const [name, setName] = useState("");
  return (
    <Dialog title={t("Save these filters")} onClose={onClose}>
      <form
        className="flex flex-col gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          onName(name.trim());
        }}
      >
        <Field label={t("Name")} required autoFocus maxLength={60} pattern=".*\S.*" value={name} onChange={(event) => setName(event.target.value)} />
        <div className="flex justify-end">
          <Button type="submit" kind="primary">
            {t("Save")}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

function same(one: ExecutionFilters, other: ExecutionFilters): boolean {
  const written = (filters: ExecutionFilters): string => JSON.stringify(Object.entries(filters).sort());
  return written(one) === written(other);
}
