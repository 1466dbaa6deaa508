import { useMutation } from "@tanstack/react-query";
import { useState, type ReactNode } from "react";

import { ApiError } from "@/api/client";
import { t } from "@/i18n";
import { useWorkspace } from "@/shell/workspace";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { AreaField, Field } from "@/ui/field";
import { Failure } from "@/ui/state";

import { created, imported } from "./documents";
import type { Workflow } from "./queries";

interface MakingProps {
  onDone: (made: Workflow) => void;
  onClose: () => void;
}

export function CreateDialog({ onDone, onClose }: MakingProps) {
  const { uuid } = useWorkspace();
  const [name, setName] = useState("");
  const make = useMutation({ mutationFn: () => created(uuid, { name: name.trim() }), onSuccess: onDone });
  return (
    <Asking title={t("New workflow")} action={t("Create")} make={make} isReady={name.trim() !== ""} onClose={onClose}>
      {(problems) => <Field label={t("Name")} dir="auto" autoFocus required maxLength={255} problem={problems["name"]} value={name} onChange={(event) => setName(event.target.value)} />}
    </Asking>
  );
}

export function ImportDialog({ onDone, onClose }: MakingProps) {
  const { uuid } = useWorkspace();
  const [text, setText] = useState("");
  const make = useMutation({ mutationFn: () => imported(uuid, text), onSuccess: onDone });
  return (
    <Asking title={t("Import a workflow")} action={t("Import")} make={make} isReady={text.trim() !== ""} onClose={onClose}>
      {(problems) => (
        <>
          <Field
            label={t("File")}
            type="file"
            accept=".yaml,.yml,.json"
            className="h-auto"
            onChange={(event) => void event.target.files?.[0]?.text().then(setText)}
          />
          <AreaField label={t("Or its text, YAML or JSON")} rows={8} spellCheck={false} className="font-mono text-xs" problem={problems["document"]} value={text} onChange={(event) => setText(event.target.value)} />
        </>
      )}
    </Asking>
  );
}

interface AskingProps {
  title: string;
  action: string;
  make: { mutate: () => void; isPending: boolean; isError: boolean; error: unknown };
  isReady: boolean;
  onClose: () => void;
  children: (problems: Readonly<Record<string, string>>) => ReactNode;
}

function Asking({ title, action, make, isReady, onClose, children }: AskingProps) {
  return (
    <Dialog title={title} onClose={onClose}>
      <form
        className="grid gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          make.mutate();
        }}
      >
        {children(make.error instanceof ApiError ? make.error.problems : {})}
        {make.isError && <Failure error={make.error} />}
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>{t("Cancel")}</Button>
          <Button type="submit" kind="primary" disabled={!isReady || make.isPending}>
            {action}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
