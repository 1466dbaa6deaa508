import type { Schemas } from "@/api/client";
import { t } from "@/i18n";
import { Field, SelectField, Switch } from "@/ui/field";

type FormField = Schemas["FormField"];
type Values = Record<string, unknown>;

interface FormFieldsProps {
  fields: readonly FormField[];
  values: Values;
  /** By the path of each value, such as `values.total`. */
  problems: Readonly<Record<string, string>>;
  onChange: (values: Values) => void;
}

/** What a form begins with. */
export function startOf(fields: readonly FormField[]): Values {
  return Object.fromEntries(
    fields.flatMap((field): [string, unknown][] => {
      if (field.default !== undefined && field.default !== null) return [[field.name, field.default]];
      return field.type === "boolean" ? [[field.name, false]] : [];
    }),
  );
}

export function FormFields({ fields, values, problems, onChange }: FormFieldsProps) {
  const set = (name: string, given: unknown): void => {
    const { [name]: _, ...others } = values;
    onChange(given === undefined ? others : { ...others, [name]: given });
  };
  return fields.map((field) => {
    const shared = {
      label: field.label || field.name,
      hint: field.description || undefined,
      problem: problems[`values.${field.name}`],
      required: field.required ?? false,
    };
    const present = values[field.name];
    if (field.type === "boolean") {
      return <Switch key={field.name} label={shared.label} hint={shared.hint} isOn={present === true} onChange={(isOn) => set(field.name, isOn)} />;
    }
    const text = present === undefined ? "" : String(present);
    if (field.type === "choice") {
      return (
        <SelectField key={field.name} {...shared} value={text} onChange={(event) => set(field.name, event.target.value || undefined)}>
          <option value="">{t("Not set")}</option>
          {(field.options ?? []).map((option) => (
            <option key={option} value={option}>
              {option}
            </option>
          ))}
        </SelectField>
      );
    }
    const isNumber = field.type === "number";
    return (
      <Field
        key={field.name}
        {...shared}
        type={isNumber ? "number" : field.type === "date" ? "date" : "text"}
        step={isNumber ? "any" : undefined}
        value={text}
        onChange={(event) => set(field.name, event.target.value === "" ? undefined : isNumber ? event.target.valueAsNumber : event.target.value)}
      />
    );
  });
}
