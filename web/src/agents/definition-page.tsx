/** What an agent is, to be read and changed, with a chat beside it. */
import { useSuspenseQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useEffect, useMemo } from "react";

import { ApiError } from "@/api/client";
import { t } from "@/i18n";
import { useWorkspace } from "@/shell/workspace";
import { useDraft } from "@/ui/draft";
import { Leaving, SaveBar } from "@/ui/save-bar";
import { notify } from "@/ui/toasts";

import { changesOf, definitionOf } from "./definition";
import { Abilities, Basics, More, type Part } from "./definition-parts";
import { agentQuery, useSaveAgent } from "./queries";
import { TestChat } from "./test-chat";

const route = getRouteApi("/w/$workspace/agents/$agent");

export function DefinitionPage() {
  const workspace = useWorkspace();
  const { agent } = route.useParams();
  const canTest = workspace.may("threads.run") && workspace.may("threads.create");
  const { data } = useSuspenseQuery(agentQuery(workspace.uuid, agent));
  const saved = useMemo(() => definitionOf(data.item), [data]);
  const draft = useDraft(saved, data.etag);
  const save = useSaveAgent(agent);
  const client = useQueryClient();
  const mayChange = workspace.may("agents.update");
  const problems = save.error instanceof ApiError ? save.error.problems : {};
  const part: Part = { value: draft.value, change: draft.change, problems, agent };

  const onSave = (): void =>
    save.mutate({ changes: changesOf(draft.base, draft.value), etag: draft.etag }, { onSuccess: () => notify(t("The agent is saved.")) });
  const onReload = (): void => {
    draft.reset();
    save.reset();
    void client.invalidateQueries({ queryKey: ["agents", workspace.uuid, agent] });
  };
  useSaveKey(draft.isChanged && mayChange ? onSave : null);
  return (
    <div className="grid items-start gap-6 xl:grid-cols-[minmax(0,1fr)_minmax(22rem,28rem)]">
      <div className="flex min-w-0 flex-col gap-6">
        <fieldset disabled={!mayChange} className="grid min-w-0 gap-6">
          <Basics {...part} />
          <Abilities {...part} />
          <More {...part} />
        </fieldset>
        <SaveBar
          isChanged={draft.isChanged && mayChange}
          isSaving={save.isPending}
          error={save.error}
          onSave={onSave}
          onDiscard={() => {
            draft.reset();
            save.reset();
          }}
          onReload={onReload}
        />
        <Leaving isChanged={draft.isChanged && mayChange} />
      </div>
      {canTest && <TestChat agent={agent} isOutdated={draft.isChanged} className="sticky top-4 hidden h-[calc(100dvh-12rem)] min-h-96 xl:flex" />}
    </div>
  );
}

/** Ctrl/Cmd-S saves, while there is something to save. */
function useSaveKey(onSave: (() => void) | null): void {
  useEffect(() => {
    if (!onSave) return undefined;
    const onKeyDown = (event: KeyboardEvent): void => {
      if (!(event.metaKey || event.ctrlKey) || event.key.toLowerCase() !== "s") return;
      event.preventDefault();
      onSave();
    };
    window.addEventListener("keydown", onKeyDown);
    return () => window.removeEventListener("keydown", onKeyDown);
  }, [onSave]);
}
