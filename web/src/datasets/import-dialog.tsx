/** Adds cases that are pasted as a table or as JSON. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useMemo, useState, type FormEvent } from "react";

import { api } from "@/api/client";
import { formatNumber } from "@/format";
import { t } from "@/i18n";
import { useWorkspace } from "@/shell/workspace";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { AreaField } from "@/ui/field";
import { Failure } from "@/ui/state";
import { notify } from "@/ui/toasts";

import { WIDE } from "./case-dialog";
import { pasted } from "./cases";

const MOST_PROBLEMS = 10;
const EXAMPLE = "input,expected,type\nWhat is the capital of France?,Paris,contains\nWho are you?,^I am,regex";

export function ImportDialog({ dataset, onClose }: { dataset: string; onClose: () => void }) {
  const { uuid } = useWorkspace();
  const client = useQueryClient();
  const [text, setText] = useState("");
  const { cases, problems } = useMemo(() => pasted(text), [text]);
  const add = useMutation({
    mutationFn: () =>
      api.POST("/api/v1/datasets/{dataset_uuid}/import", {
        params: { path: { dataset_uuid: dataset }, query: { workspace_uuid: uuid } },
        body: { items: cases },
      }),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ["datasets", uuid] });
      notify(t("{count} cases were added.", { count: formatNumber(cases.length) }));
      onClose();
    },
  });
  const onSubmit = (event: FormEvent): void => {
    event.preventDefault();
    add.mutate();
  };
  return (
    <Dialog title={t("Paste cases")} onClose={onClose} className={WIDE}>
      <form onSubmit={onSubmit} className="grid gap-4">
        <AreaField
          autoFocus
          rows={10}
          label={t("Cases")}
          hint={t("CSV with the columns input and expected, and type where it is not “contains”; or JSON Lines, one case a line.")}
          placeholder={EXAMPLE}
          className="font-mono text-[13px]"
          spellCheck={false}
          value={text}
          onChange={(event) => setText(event.target.value)}
        />
        {problems.length > 0 && (
          <ul role="alert" className="grid gap-1 text-danger">
            {problems.slice(0, MOST_PROBLEMS).map(({ line, message }) => (
              <li key={line}>{line === 0 ? message : t("Line {line}: {message}", { line, message })}</li>
            ))}
            {problems.length > MOST_PROBLEMS && <li>…</li>}
          </ul>
        )}
        {add.isError && <Failure error={add.error} />}
        <div className="flex items-center justify-end gap-2">
          <Button onClick={onClose}>{t("Cancel")}</Button>
          <Button type="submit" kind="primary" disabled={add.isPending || cases.length === 0 || problems.length > 0}>
            {cases.length < 2 ? t("Add") : t("Add {count} cases", { count: formatNumber(cases.length) })}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
