import { useQuery } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";

import { ApiError } from "@/api/client";
import { agentsQuery } from "@/api/queries";
import { t } from "@/i18n";
import { useWorkspace } from "@/shell/workspace";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { AreaField, SelectField } from "@/ui/field";
import { Failure } from "@/ui/state";

import { KINDS, useSaveMemory, type Memory, type Wanted } from "./queries";
import { KIND_NAMES, SCOPE_NAMES } from "./words";

const GIVEN_SCOPES = ["workspace", "user", "agent"] as const;

/** Writes a memory down, or changes `memory`. */
export function MemoryDialog({ memory, onClose }: { memory?: Memory; onClose: () => void }) {
  const { uuid, may } = useWorkspace();
  const [wanted, setWanted] = useState<Wanted>({
    content: memory?.content ?? "",
    kind: memory?.kind ?? "fact",
    scope: memory?.scope ?? "workspace",
    agent_uuid: memory?.agent_uuid ?? null,
  });
  const save = useSaveMemory(memory?.uuid);
  const agents = useQuery({ ...agentsQuery(uuid), enabled: wanted.scope === "agent" && may("agents.view") });
  const change = (changes: Partial<Wanted>): void => setWanted((present) => ({ ...present, ...changes }));
  const problems = save.error instanceof ApiError ? save.error.problems : {};
  const onSubmit = (event: FormEvent): void => {
    event.preventDefault();
    save.mutate(wanted, { onSuccess: onClose });
  };
  return (
    <Dialog title={memory ? t("Change the memory") : t("New memory")} onClose={onClose}>
      <form className="grid gap-4" onSubmit={onSubmit}>
        <AreaField
          autoFocus
          required
          rows={5}
          label={t("What is to be remembered")}
          value={wanted.content}
          problem={problems["content"]}
          onChange={(event) => change({ content: event.target.value })}
        />
        <SelectField label={t("Kind")} value={wanted.kind} problem={problems["kind"]} onChange={(event) => change({ kind: event.target.value as Wanted["kind"] })}>
          {KINDS.map((kind) => (
            <option key={kind} value={kind}>
              {t(KIND_NAMES[kind].label)}
            </option>
          ))}
        </SelectField>
        {!memory && (
          <SelectField
            label={t("Counts for")}
            hint={wanted.scope === "user" ? t("It is about you, and yours alone.") : undefined}
            value={wanted.scope}
            problem={problems["scope"]}
            onChange={(event) => change({ scope: event.target.value as Wanted["scope"] })}
          >
            {GIVEN_SCOPES.map((scope) => (
              <option key={scope} value={scope}>
                {t(SCOPE_NAMES[scope].label)}
              </option>
            ))}
          </SelectField>
        )}
        {!memory && wanted.scope === "agent" && (
          <SelectField
            required
            label={t("Agent")}
            value={wanted.agent_uuid ?? ""}
            problem={problems["agent_uuid"]}
            onChange={(event) => change({ agent_uuid: event.target.value || null })}
          >
            <option value="">{t("Not set")}</option>
            {agents.data?.map((agent) => (
              <option key={agent.uuid} value={agent.uuid}>
                {agent.name}
              </option>
            ))}
          </SelectField>
        )}
        {save.isError && Object.keys(problems).length === 0 && <Failure error={save.error} />}
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>{t("Cancel")}</Button>
          <Button kind="primary" type="submit" disabled={save.isPending || !wanted.content.trim()}>
            {t("Save")}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
