import { useMutation } from "@tanstack/react-query";
import { useState } from "react";

import { ApiError } from "@/api/client";
import { t } from "@/i18n";
import { useWorkspace } from "@/shell/workspace";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Field } from "@/ui/field";
import { Failure } from "@/ui/state";

import { addTask, refreshTasks } from "./queries";

export function TaskDialog({ onClose }: { onClose: () => void }) {
  const { uuid } = useWorkspace();
  const [fields, setFields] = useState({ title: "", app: "", action: "" });
  const add = useMutation({
    mutationFn: () => addTask(uuid, fields),
    onSuccess: async () => {
      await refreshTasks(uuid);
      onClose();
    },
  });
  const problems = add.error instanceof ApiError ? add.error.problems : {};
  const field = (name: keyof typeof fields) => ({
    value: fields[name],
    problem: problems[name],
    onChange: (event: { target: { value: string } }) => setFields({ ...fields, [name]: event.target.value }),
  });
  return (
    <Dialog title={t("Add a task")} onClose={onClose}>
      <form
        className="flex flex-col gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          add.mutate();
        }}
      >
        <Field label={t("Title")} required autoFocus {...field("title")} />
        <Field label={t("Application")} hint={t("In which it is done, such as Mail.")} {...field("app")} />
        <Field label={t("What is done there")} {...field("action")} />
        {add.isError && Object.keys(problems).length === 0 && <Failure error={add.error} />}
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>{t("Cancel")}</Button>
          <Button type="submit" kind="primary" disabled={add.isPending}>
            {t("Add")}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
