/** Starts an evaluation, of a dataset that is there or is written for it. */
import { useInfiniteQuery, useMutation, useQueryClient } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { Plus, Trash2 } from "lucide-react";
import { useState, type FormEvent } from "react";

import { api, value as valueOf, type Schemas } from "@/api/client";
import { datasetsQuery } from "@/datasets/queries";
import { formatNumber } from "@/format";
import { t } from "@/i18n";
import { useWorkspace } from "@/shell/workspace";
import { Button, IconButton } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Field, Input, Select, SelectField } from "@/ui/field";
import { NumberField } from "@/ui/number-field";
import { Failure } from "@/ui/state";


const route = getRouteApi("/w/$workspace/agents/$agent/evaluations");
const NEW = "new";

interface Question {
  input: string;
  type: "contains" | "not_contains" | "exact" | "regex";
  value: string;
}

const TYPES: readonly { value: Question["type"]; label: string }[] = [
  { value: "contains", label: "holds" },
  { value: "not_contains", label: "does not hold" },
  { value: "exact", label: "is exactly" },
  { value: "regex", label: "matches" },
];
const BEGIN: Question = { input: "", type: "contains", value: "" };

function itemOf({ input, type, value }: Question): Schemas["DatasetItemCreate"] {
  const expectation = type === "regex" ? { type, pattern: value, weight: 1 } : { type, value, weight: 1, case_sensitive: false };
  return { input, expectations: [expectation] };
}

export function NewEvaluation({ agent, onClose }: { agent: string; onClose: () => void }) {
  const { uuid, may } = useWorkspace();
  const client = useQueryClient();
  const navigate = route.useNavigate();
  const datasets = useInfiniteQuery(datasetsQuery(uuid));
  const found = datasets.data?.pages.flatMap((page) => page.data) ?? [];
  const [chosen, setChosen] = useState<string | null>(null);
  const [version, setVersion] = useState<number | null>(null);
  const [name, setName] = useState("");
  const [questions, setQuestions] = useState<Question[]>([BEGIN]);
  const dataset = chosen ?? found[0]?.uuid ?? NEW;
  const query = { workspace_uuid: uuid };
  const start = useMutation({
    mutationFn: async () => {
      const made = dataset === NEW && (await valueOf(api.POST("/api/v1/datasets", { params: { query }, body: { name, items: questions.map(itemOf) } }))).data;
      if (made) {
        await client.invalidateQueries({ queryKey: ["datasets", uuid] });
        setChosen(made.uuid);
      }
      const body = { dataset_uuid: made ? made.uuid : dataset, agent_uuid: agent, ...(version === null ? {} : { version }) };
      return (await valueOf(api.POST("/api/v1/evaluations", { params: { query }, body }))).data;
    },
    onSuccess: async (evaluation) => {
      await client.invalidateQueries({ queryKey: ["evaluations", uuid] });
      onClose();
      await navigate({ search: { run: evaluation.uuid } });
    },
  });
  const onSubmit = (event: FormEvent): void => {
    event.preventDefault();
    start.mutate();
  };
  return (
    <Dialog title={t("New evaluation")} onClose={onClose} className="max-h-[90dvh] w-[min(44rem,calc(100vw-2rem))] overflow-y-auto">
      <form onSubmit={onSubmit} className="grid gap-4">
        <SelectField label={t("Dataset")} value={dataset} onChange={(event) => setChosen(event.target.value)}>
          {found.map((each) => (
            <option key={each.uuid} value={each.uuid}>
              {each.name} ({formatNumber(each.items_count)})
            </option>
          ))}
          {may("datasets.create") && <option value={NEW}>{t("A new dataset")}</option>}
        </SelectField>
        {dataset === NEW && (
          <>
            <Field label={t("Name of the dataset")} required maxLength={255} value={name} onChange={(event) => setName(event.target.value)} />
            <Questions values={questions} onChange={setQuestions} />
          </>
        )}
        <NumberField label={t("Version")} min={1} placeholder={t("The newest")} value={version} onChange={setVersion} />
        {start.isError && <Failure error={start.error} />}
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>{t("Cancel")}</Button>
          <Button type="submit" kind="primary" disabled={start.isPending}>
            {t("Start")}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

function Questions({ values, onChange }: { values: readonly Question[]; onChange: (values: Question[]) => void }) {
  return (
    <fieldset className="grid gap-2">
      <legend className="mb-1 font-medium">{t("Questions")}</legend>
      {values.map((each, at) => {
        const set = (changes: Partial<Question>): void => onChange(values.with(at, { ...each, ...changes }));
        const number = { number: at + 1 };
        return (
          <div key={at} className="grid gap-2 rounded-lg border p-2 sm:grid-cols-[1fr_auto_1fr_auto]">
            <Input aria-label={t("Input {number}", number)} placeholder={t("What the user says")} required value={each.input} onChange={(event) => set({ input: event.target.value })} />
            <Select aria-label={t("Expectation {number}", number)} className="sm:w-auto" value={each.type} onChange={(event) => set({ type: event.target.value as Question["type"] })}>
              {TYPES.map((type) => (
                <option key={type.value} value={type.value}>
                  {t(type.label)}
                </option>
              ))}
            </Select>
            <Input aria-label={t("Expected {number}", number)} placeholder={t("What the answer …")} required value={each.value} onChange={(event) => set({ value: event.target.value })} />
            <IconButton label={t("Remove {name}", { name: t("Input {number}", number) })} disabled={values.length === 1} onClick={() => onChange(values.toSpliced(at, 1))} className="self-center">
              <Trash2 />
            </IconButton>
          </div>
        );
      })}
      <Button className="justify-self-start" onClick={() => onChange([...values, BEGIN])}>
        <Plus aria-hidden /> {t("Add a question")}
      </Button>
    </fieldset>
  );
}
