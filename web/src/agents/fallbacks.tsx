import { Plus, X } from "lucide-react";

import type { Schemas } from "@/api/client";
import { t } from "@/i18n";
import { Button, IconButton } from "@/ui/button";

import { ModelPicker } from "./model-picker";

type Fallback = Schemas["FallbackModel"];
type Cause = NonNullable<Fallback["causes"]>[number];

const CAUSES: readonly { value: Cause; label: string }[] = [
  { value: "error", label: "Errors" },
  { value: "rate_limit", label: "Limits and quotas" },
  { value: "context_too_long", label: "Too long a conversation" },
  { value: "refusal", label: "Refusals" },
];
const USUAL: Cause[] = ["error", "rate_limit", "context_too_long"];

interface FallbacksProps {
  values: readonly Fallback[];
  onChange: (values: Fallback[]) => void;
  problems: Readonly<Record<string, string>>;
}

/** Models that answer when the one before did not, in their order. */
export function Fallbacks({ values, onChange, problems }: FallbacksProps) {
  return (
    <>
      {values.map((each, at) => (
        <FallbackFields
          key={at}
          number={at + 1}
          value={each}
          problem={Object.entries(problems).find(([path]) => path.startsWith(`fallback_models.${at}`))?.[1]}
          onChange={(changed) => onChange(values.with(at, changed))}
          onRemove={() => onChange(values.toSpliced(at, 1))}
        />
      ))}
      {values.length < 8 && (
        <Button className="justify-self-start" onClick={() => onChange([...values, { model: "", causes: USUAL }])}>
          <Plus aria-hidden /> {t("Add a model")}
        </Button>
      )}
    </>
  );
}

interface FieldsProps {
  number: number;
  value: Fallback;
  problem: string | undefined;
  onChange: (value: Fallback) => void;
  onRemove: () => void;
}

function FallbackFields({ number, value, problem, onChange, onRemove }: FieldsProps) {
  const causes = value.causes ?? USUAL;
  const name = t("Model {number}", { number });
  return (
    <fieldset className="grid gap-3 rounded-lg border p-3">
      <legend className="sr-only">{name}</legend>
      <div className="flex items-center gap-2">
        <div className="min-w-0 flex-1">
          <ModelPicker label={name} value={value.model || null} none={t("Choose a model")} onChange={(model) => onChange({ ...value, model: model ?? "" })} />
        </div>
        <IconButton label={t("Remove {name}", { name })} onClick={onRemove}>
          <X />
        </IconButton>
      </div>
      <div className="flex flex-wrap gap-x-4 gap-y-2" role="group" aria-label={t("It stands in for")}>
        {CAUSES.map((cause) => (
          <label key={cause.value} className="flex items-center gap-2">
            <input
              type="checkbox"
              className="size-4 accent-accent"
              checked={causes.includes(cause.value)}
              onChange={(event) =>
                onChange({ ...value, causes: event.target.checked ? [...causes, cause.value] : causes.filter((each) => each !== cause.value) })
              }
            />
            {t(cause.label)}
          </label>
        ))}
      </div>
      {problem && <p className="text-danger">{problem}</p>}
    </fieldset>
  );
}
