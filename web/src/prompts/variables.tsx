import { t } from "@/i18n";
import { Field, Select, Switch } from "@/ui/field";
import { Section } from "@/ui/page";

import type { Variable } from "./queries";

const TYPES = ["string", "number", "integer", "boolean", "array", "object", "enum"] as const;

interface VariablesProps {
  values: readonly Variable[];
  problems: Readonly<Record<string, string>>;
  onChange: (values: Variable[]) => void;
}

/** What is to be filled in, as it was declared when the text was saved. */
export function Variables({ values, problems, onChange }: VariablesProps) {
  if (values.length === 0) return null;
  const change = (at: number, changes: Partial<Variable>): void => onChange(values.map((each, place) => (place === at ? { ...each, ...changes } : each)));
  return (
    <Section title={t("Variables")}>
      <ul className="grid gap-2" aria-label={t("Variables")}>
        {values.map((each, at) => (
          <li key={each.name} className="flex flex-wrap items-end gap-3 rounded-lg border p-3">
            <code className="w-32 self-center font-mono text-[13px] break-all">{each.name}</code>
            <Select
              aria-label={t("Type of {name}", { name: each.name })}
              className="h-10 w-32"
              value={each.type ?? "string"}
              onChange={(event) => change(at, { type: event.target.value as (typeof TYPES)[number] })}
            >
              {TYPES.map((type) => (
                <option key={type} value={type}>
                  {type}
                </option>
              ))}
            </Select>
            <div className="min-w-40 flex-1">
              <Field
                label={t("Description")}
                value={each.description ?? ""}
                problem={problems[`variables.${at}`] ?? problems[`variables.${at}.type`] ?? problems[`variables.${at}.options`]}
                onChange={(event) => change(at, { description: event.target.value })}
              />
            </div>
            {each.type === "enum" && (
              <div className="min-w-40 flex-1">
                <Field
                  label={t("Choices, with commas between")}
                  value={(each.options ?? []).join(", ")}
                  onChange={(event) => change(at, { options: event.target.value.split(",").map((choice) => choice.trim()) })}
                />
              </div>
            )}
            <div className="self-center">
              <Switch label={t("Required")} isOn={each.required ?? true} onChange={(required) => change(at, { required })} />
            </div>
          </li>
        ))}
      </ul>
    </Section>
  );
}
