import { useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";

import { api, ApiError, value } from "@/api/client";
import { t } from "@/i18n";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { AreaField, Field } from "@/ui/field";
import { Failure } from "@/ui/state";

import { useActions } from "./actions";

/** Makes a workspace, and leads into it. */
export function NewWorkspace({ onClose }: { onClose: () => void }) {
  const { openWorkspace } = useActions();
  const client = useQueryClient();
  const [name, setName] = useState("");
  const [description, setDescription] = useState("");
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const problems = error instanceof ApiError ? error.problems : {};
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    try {
      const { data } = await value(api.POST("/api/v1/workspaces", { body: { name, description } }));
      await client.invalidateQueries({ queryKey: ["user"] });
      onClose();
      openWorkspace(data.uuid);
    } catch (caught) {
      setError(caught);
      setBusy(false);
    }
  };
  return (
    <Dialog title={t("New workspace")} onClose={onClose}>
      <form className="flex flex-col gap-4" onSubmit={(event) => void submit(event)}>
        <Field label={t("Name")} required autoFocus value={name} problem={problems["name"]} onChange={(event) => setName(event.target.value)} />
        <AreaField label={t("Description")} value={description} problem={problems["description"]} onChange={(event) => setDescription(event.target.value)} />
        <p className="text-muted">{t("You own it. Agents, chats and all else in it are of its members alone.")}</p>
        {error !== null && Object.keys(problems).length === 0 && <Failure error={error} />}
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>{t("Cancel")}</Button>
          <Button kind="primary" type="submit" disabled={isBusy}>
            {t("Make workspace")}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
