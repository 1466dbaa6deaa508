/** A case: what is said, and what the answer is held against. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Plus, Trash2 } from "lucide-react";
import { useState, type FormEvent } from "react";

import { api, ApiError } from "@/api/client";
import { t } from "@/i18n";
import { useWorkspace } from "@/shell/workspace";
import { Button, IconButton } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Select, TextArea } from "@/ui/field";
import { Fresh } from "@/ui/fresh";
import { isOutdated, SaveFailure } from "@/ui/save-failure";

import { expectation, type Expectation, type Said } from "./cases";
import { ExpectationsField } from "./expectations-field";
import { readItem } from "./queries";

export const WIDE = "max-h-[90dvh] w-[min(44rem,calc(100vw-2rem))] overflow-y-auto";

const ROLES: readonly { value: Said["role"]; label: string }[] = [
  { value: "system", label: "Instructions" },
  { value: "user", label: "User" },
  { value: "assistant", label: "Agent" },
];

export interface CaseValue {
  messages: Said[];
  expectations: Expectation[];
}

export const EMPTY: CaseValue = { messages: [{ role: "user", content: "" }], expectations: [expectation("contains")] };

/** Adds a case, which may begin with what is known already. */
export function CaseDialog({ dataset, begin = EMPTY, onClose }: { dataset: string; begin?: CaseValue; onClose: () => void }) {
  const { uuid } = useWorkspace();
  const client = useQueryClient();
  const [value, setValue] = useState(begin);
  const add = useMutation({
    mutationFn: () =>
      api.POST("/api/v1/datasets/{dataset_uuid}/items", {
        params: { path: { dataset_uuid: dataset }, query: { workspace_uuid: uuid } },
        body: value,
      }),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ["datasets", uuid] });
      onClose();
    },
  });
  return (
    <Dialog title={t("Add a case")} onClose={onClose} className={WIDE}>
      <CaseForm value={value} onChange={setValue} error={add.error} isBusy={add.isPending} action={t("Add")} onSubmit={() => add.mutate()} onClose={onClose} onReload={() => undefined} />
    </Dialog>
  );
}

/** Changes a case. */
export function EditCase({ dataset, item, onClose }: { dataset: string; item: string; onClose: () => void }) {
  const { uuid } = useWorkspace();
  return (
    <Dialog title={t("Edit the case")} onClose={onClose} className={WIDE}>
      <Fresh uuid={item} read={(signal) => readItem(uuid, dataset, item, signal)}>
        {(found, reload) => <Editing dataset={dataset} item={item} read={found} onReload={reload} onClose={onClose} />}
      </Fresh>
    </Dialog>
  );
}

interface EditingProps {
  dataset: string;
  item: string;
  read: { item: CaseValue; etag: string };
  onReload: () => void;
  onClose: () => void;
}

function Editing({ dataset, item, read, onReload, onClose }: EditingProps) {
  const { uuid } = useWorkspace();
  const client = useQueryClient();
  const [value, setValue] = useState<CaseValue>({ messages: read.item.messages, expectations: read.item.expectations });
  const save = useMutation({
    mutationFn: () =>
      api.PUT("/api/v1/datasets/{dataset_uuid}/items/{item_uuid}", {
        params: { path: { dataset_uuid: dataset, item_uuid: item }, query: { workspace_uuid: uuid }, header: { "If-Match": read.etag } },
        body: value,
      }),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ["datasets", uuid] });
      onClose();
    },
  });
  return (
    <CaseForm value={value} onChange={setValue} error={save.error} isBusy={save.isPending} action={t("Save")} onSubmit={() => save.mutate()} onClose={onClose} onReload={onReload} />
  );
}

interface CaseFormProps {
  value: CaseValue;
  onChange: (value: CaseValue) => void;
  error: unknown;
  isBusy: boolean;
  action: string;
  onSubmit: () => void;
  onClose: () => void;
  onReload: () => void;
}

export function CaseForm({ value, onChange, error, isBusy, action, onSubmit, onClose, onReload }: CaseFormProps) {
  const problems = error instanceof ApiError ? error.problems : {};
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    onSubmit();
  };
  return (
    <form onSubmit={submit} className="grid gap-5">
      <Conversation messages={value.messages} problem={problems["messages"]} onChange={(messages) => onChange({ ...value, messages })} />
      <ExpectationsField values={value.expectations} problems={problems} onChange={(expectations) => onChange({ ...value, expectations })} />
      {(isOutdated(error) || Object.keys(problems).length === 0) && <SaveFailure error={error} onReload={onReload} />}
      <div className="flex justify-end gap-2">
        <Button onClick={onClose}>{t("Cancel")}</Button>
        <Button type="submit" kind="primary" disabled={isBusy}>
          {action}
        </Button>
      </div>
    </form>
  );
}

interface ConversationProps {
  messages: readonly Said[];
  problem: string | undefined;
  onChange: (messages: Said[]) => void;
}

/** What is said, up to the message that is answered. */
function Conversation({ messages, problem, onChange }: ConversationProps) {
  const before = messages.slice(0, -1);
  const last = messages.at(-1) as Said;
  const set = (at: number, changes: Partial<Said>): void => onChange(messages.map((each, number) => (number === at ? { ...each, ...changes } : each)));
  return (
    <fieldset className="grid gap-2">
      <legend className="mb-1.5 font-medium">{t("What is said")}</legend>
      {before.map((each, at) => (
        <div key={at} className="grid grid-cols-[1fr_auto] gap-2 sm:grid-cols-[8rem_1fr_auto]">
          <Select aria-label={t("Who says message {number}", { number: at + 1 })} className="max-sm:col-span-2" value={each.role} onChange={(event) => set(at, { role: event.target.value as Said["role"] })}>
            {ROLES.map((role) => (
              <option key={role.value} value={role.value}>
                {t(role.label)}
              </option>
            ))}
          </Select>
          <TextArea aria-label={t("Message {number}", { number: at + 1 })} required rows={2} value={each.content} onChange={(event) => set(at, { content: event.target.value })} />
          <IconButton label={t("Remove {name}", { name: t("Message {number}", { number: at + 1 }) })} onClick={() => onChange(messages.filter((_, number) => number !== at))}>
            <Trash2 />
          </IconButton>
        </div>
      ))}
      <TextArea aria-label={t("What the user says")} placeholder={t("What the user says")} required rows={3} value={last.content} onChange={(event) => set(messages.length - 1, { content: event.target.value })} />
      {problem && <p className="text-danger">{problem}</p>}
      <Button className="justify-self-start" onClick={() => onChange([...before, { role: before.at(-1)?.role === "user" ? "assistant" : "user", content: "" }, last])}>
        <Plus aria-hidden /> {t("Add what was said before")}
      </Button>
    </fieldset>
  );
}
