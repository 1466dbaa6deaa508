import { Plus, Trash2 } from "lucide-react";

import { ModelPicker } from "@/agents/model-picker";
import { t } from "@/i18n";
import { Button, IconButton } from "@/ui/button";
import { Input, Select, TextArea } from "@/ui/field";
import { JsonField } from "@/ui/json-field";

import { expectation, KINDS, wanted, type Expectation, type Kind } from "./cases";

interface ExpectationsFieldProps {
  values: readonly Expectation[];
  /** By paths such as `expectations.0.contains.value`. */
  problems: Readonly<Record<string, string>>;
  onChange: (values: Expectation[]) => void;
}

const MOST = 16;

/** What an answer is held against: all of it must hold. */
export function ExpectationsField({ values, problems, onChange }: ExpectationsFieldProps) {
  const set = (at: number, value: Expectation): void => onChange(values.map((each, number) => (number === at ? value : each)));
  return (
    <fieldset className="grid gap-2">
      <legend className="mb-1.5 font-medium">{t("The answer …")}</legend>
      {values.map((each, at) => {
        const number = { number: at + 1 };
        return (
          <div key={at} className="grid gap-2 rounded-lg border p-2">
            <div className="flex gap-2">
              <Select
                aria-label={t("Expectation {number}", number)}
                className="flex-1"
                value={each.type}
                onChange={(event) => set(at, expectation(event.target.value as Kind, each.type === "json_schema" ? "" : wanted(each), each))}
              >
                {KINDS.map((kind) => (
                  <option key={kind.value} value={kind.value}>
                    {t(kind.label)}
                  </option>
                ))}
              </Select>
              <IconButton
                label={t("Remove {name}", { name: t("Expectation {number}", number) })}
                disabled={values.length === 1}
                onClick={() => onChange(values.filter((_, other) => other !== at))}
              >
                <Trash2 />
              </IconButton>
            </div>
            <Wanted value={each} label={t("Expected {number}", number)} onChange={(value) => set(at, value)} />
            {Object.entries(problems)
              .filter(([path]) => path === "expectations" ? at === 0 : path.startsWith(`expectations.${at}.`))
              .map(([path, message]) => (
                <p key={path} className="text-danger">
                  {message}
                </p>
              ))}
          </div>
        );
      })}
      {values.length < MOST && (
        <Button className="justify-self-start" onClick={() => onChange([...values, expectation("contains")])}>
          <Plus aria-hidden /> {t("And …")}
        </Button>
      )}
    </fieldset>
  );
}

function Wanted({ value, label, onChange }: { value: Expectation; label: string; onChange: (value: Expectation) => void }) {
  if (value.type === "json_schema") {
    return <JsonField label={t("JSON Schema")} isRequired value={value.schema} onChange={(schema) => onChange({ ...value, schema: (schema ?? {}) as Record<string, never> })} />;
  }
  if (value.type === "judge") {
    return (
      <>
        <TextArea aria-label={label} required rows={2} placeholder={t("What a good answer does")} value={value.criteria} onChange={(event) => onChange({ ...value, criteria: event.target.value })} />
        <ModelPicker label={t("Judged by")} none={t("Choose a model")} value={value.model || null} onChange={(model) => onChange({ ...value, model: model ?? "" })} />
      </>
    );
  }
  if (value.type === "regex") {
    return <Input aria-label={label} required className="font-mono" value={value.pattern} onChange={(event) => onChange({ ...value, pattern: event.target.value })} />;
  }
  return (
    <>
      <TextArea aria-label={label} required rows={value.value.length > 60 ? 3 : 1} value={value.value} onChange={(event) => onChange({ ...value, value: event.target.value })} />
      <label className="flex items-center gap-2 text-muted">
        <input type="checkbox" checked={value.case_sensitive ?? true} onChange={(event) => onChange({ ...value, case_sensitive: event.target.checked })} />
        {t("Capitals and small letters differ")}
      </label>
    </>
  );
}
