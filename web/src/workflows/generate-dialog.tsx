/** A workflow, or a change of one, from a description. */
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { api, ApiError, value, type Schemas } from "@/api/client";
import { modelsQuery } from "@/api/queries";
import { t } from "@/i18n";
import { useWorkspace } from "@/shell/workspace";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { AreaField, SelectField } from "@/ui/field";
import { Failure, Spinner } from "@/ui/state";

import { useEditor } from "./editor-context";
import type { Workflow } from "./queries";

type Generated = Schemas["GeneratedWorkflow"];

interface DescribeDialogProps {
  title: string;
  workflow: string | null;
  isSaved: boolean;
  onDone: (generated: Generated) => void;
  onClose: () => void;
}

export function DescribeDialog({ title, workflow, isSaved, onDone, onClose }: DescribeDialogProps) {
  const { uuid } = useWorkspace();
  const models = useQuery(modelsQuery(uuid, ""));
  const [description, setDescription] = useState("");
  const [model, setModel] = useState("");
  const generate = useMutation({
    mutationFn: async () => {
      const body = { description, save: isSaved, ...(workflow ? { workflow_uuid: workflow } : {}), ...(model ? { model } : {}) };
      return (await value(api.POST("/api/v1/workflows/generate", { params: { query: { workspace_uuid: uuid } }, body }))).data;
    },
    onSuccess: onDone,
  });
  const problems = generate.error instanceof ApiError ? generate.error.problems : {};
  return (
    <Dialog title={title} onClose={onClose}>
      <form
        className="grid gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          generate.mutate();
        }}
      >
        <AreaField
          label={t("Description")}
          hint={t("What starts it, what it does, and what comes out.")}
          problem={problems["description"]}
          rows={6}
          required
          autoFocus
          value={description}
          onChange={(event) => setDescription(event.target.value)}
        />
        <SelectField label={t("Model")} value={model} onChange={(event) => setModel(event.target.value)}>
          <option value="">{t("The workspace’s newest")}</option>
          {models.data?.map((each) => (
            <option key={each.uuid} value={each.name}>
              {each.display_name}
            </option>
          ))}
        </SelectField>
        {generate.isError && <Failure error={generate.error} />}
        <div className="flex items-center justify-end gap-2">
          {generate.isPending && <Spinner label={t("A model draws it, and it is tried …")} className="me-auto" />}
          <Button onClick={onClose}>{t("Cancel")}</Button>
          <Button type="submit" kind="primary" disabled={generate.isPending || !description.trim()}>
            {t("Generate")}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

/** The change comes onto the canvas, where it can be looked at and undone before it is saved. */
export function GenerateDialog({ workflow, onClose }: { workflow: Workflow; onClose: () => void }) {
  const { dispatch, isChanged, save } = useEditor();
  const [changes, setChanges] = useState<readonly string[] | null>(null);
  if (isChanged && !changes) {
    return (
      <Dialog title={t("Change by description")} onClose={onClose}>
        <div className="grid gap-4">
          <p>{t("It is changed from how it is saved. Save it first.")}</p>
          <Button kind="primary" className="justify-self-end" onClick={() => void save()}>
            {t("Save")}
          </Button>
        </div>
      </Dialog>
    );
  }
  if (changes) {
    return (
      <Dialog title={t("What is different")} onClose={onClose}>
        <ul className="grid list-disc gap-1 ps-5 break-words">
          {changes.map((change) => (
            <li key={change}>{change}</li>
          ))}
        </ul>
        <p className="mt-3 text-muted">{t("Look at it on the canvas, and save it, or undo it.")}</p>
      </Dialog>
    );
  }
  const take = ({ nodes, edges, variables, settings, generation }: Generated): void => {
    dispatch({ type: "replace", changes: { nodes, edges, variables, settings } });
    setChanges(generation.changes ?? []);
  };
  return <DescribeDialog title={t("Change by description")} workflow={workflow.uuid} isSaved={false} onDone={take} onClose={onClose} />;
}
