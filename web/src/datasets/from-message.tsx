/** Makes a case of an answer in a chat: what was said up to it, and the answer to hold others against. */
import { useInfiniteQuery, useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { api, value as read, type Message } from "@/api/client";
import { messagesQuery } from "@/api/queries";
import { piecesOf, plainText } from "@/chat/answer";
import { branch } from "@/chat/tree";
import { t } from "@/i18n";
import { useWorkspace } from "@/shell/workspace";
import { Dialog } from "@/ui/dialog";
import { Field, SelectField } from "@/ui/field";
import { Spinner } from "@/ui/state";
import { notify } from "@/ui/toasts";

import { CaseForm, WIDE, type CaseValue } from "./case-dialog";
import { expectation, type Said } from "./cases";
import { datasetsQuery } from "./queries";

const NEW = "new";
const MOST_MESSAGES = 200;

/** What was said up to an answer, as far as it was loaded, and the answer as what is expected. */
export function caseOf(messages: readonly Message[], answer: Message): CaseValue {
  const before = answer.parent_uuid === null ? [] : branch(messages.filter((each) => each.uuid <= (answer.parent_uuid ?? "")), answer.parent_uuid);
  const said = before.flatMap(({ message }): Said[] => {
    const content = plainText(piecesOf(message.content));
    return content.trim() ? [{ role: message.role === "user" ? "user" : "assistant", content }] : [];
  });
  return { messages: said.slice(-MOST_MESSAGES), expectations: [expectation("contains", plainText(piecesOf(answer.content)))] };
}

export default function FromMessage({ message, onClose }: { message: Message; onClose: () => void }) {
  const { uuid, may } = useWorkspace();
  const client = useQueryClient();
  const datasets = useInfiniteQuery(datasetsQuery(uuid));
  const found = datasets.data?.pages.flatMap((page) => page.data) ?? [];
  const [chosen, setChosen] = useState<string | null>(null);
  const [name, setName] = useState("");
  const [value, setValue] = useState(() => {
    const pages = client.getQueryData(messagesQuery(uuid, message.thread_uuid).queryKey)?.pages ?? [];
    const known = pages.flatMap((page) => page.data).toSorted((one, other) => (one.uuid < other.uuid ? -1 : 1));
    return caseOf(known, message);
  });
  const dataset = chosen ?? found[0]?.uuid ?? NEW;
  const add = useMutation({
    mutationFn: async () => {
      const query = { workspace_uuid: uuid };
      if (dataset === NEW) await read(api.POST("/api/v1/datasets", { params: { query }, body: { name, items: [value] } }));
      else await api.POST("/api/v1/datasets/{dataset_uuid}/items", { params: { path: { dataset_uuid: dataset }, query }, body: value });
    },
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ["datasets", uuid] });
      notify(t("The case was added."));
      onClose();
    },
  });
  return (
    <Dialog title={t("Into a dataset")} onClose={onClose} className={WIDE}>
      {datasets.isPending ? (
        <Spinner />
      ) : (
        <div className="grid gap-5">
          <SelectField label={t("Dataset")} value={dataset} onChange={(event) => setChosen(event.target.value)}>
            {found.map((each) => (
              <option key={each.uuid} value={each.uuid}>
                {each.name}
              </option>
            ))}
            {may("datasets.create") && <option value={NEW}>{t("A new dataset")}</option>}
          </SelectField>
          {dataset === NEW && <Field label={t("Name of the dataset")} required maxLength={255} value={name} onChange={(event) => setName(event.target.value)} />}
          <CaseForm
            value={value}
            onChange={setValue}
            error={add.error}
            isBusy={add.isPending || (dataset === NEW && !name.trim())}
            action={t("Add")}
            onSubmit={() => add.mutate()}
            onClose={onClose}
            onReload={() => undefined}
          />
        </div>
      )}
    </Dialog>
  );
}
