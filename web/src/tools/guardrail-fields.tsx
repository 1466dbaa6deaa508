import { ModelPicker } from "@/agents/model-picker";
import { t } from "@/i18n";
import { AreaField, Field, FieldFrame, SelectField, Switch, TagsField } from "@/ui/field";
import { NumberField } from "@/ui/number-field";
import { Section } from "@/ui/page";

import { ACTIONS, actionsOf, KINDS, SIGNS, STAGES, type GuardrailDraft, type GuardrailType, type Stage } from "./guardrail-form";

interface FieldsProps {
  type: GuardrailType;
  value: GuardrailDraft;
  change: (changes: Partial<GuardrailDraft>) => void;
  problems: Readonly<Record<string, string>>;
}

export function GuardrailFields(props: FieldsProps) {
  const { type, value, change, problems } = props;
  return (
    <>
      <Section title={t("Basics")}>
        <Field label={t("Name")} required maxLength={255} value={value.name} problem={problems["name"]} onChange={(event) => change({ name: event.target.value })} />
        <Field label={t("Description")} value={value.description} problem={problems["description"]} onChange={(event) => change({ description: event.target.value })} />
      </Section>
      <Section title={t("What it looks for")}>
        <ConfigFields {...props} />
        {problems["config"] && <p className="text-danger">{problems["config"]}</p>}
      </Section>
      <Section title={t("What it does")}>
        <Checks
          label={t("It checks")}
          options={Object.entries(STAGES).map(([stage, { label }]) => ({ value: stage, label: t(label) }))}
          values={value.stages}
          problem={problems["stages"]}
          onChange={(stages) => change({ stages: stages as Stage[] })}
        />
        <SelectField label={t("When it finds something, it")} value={value.action} problem={problems["action"]} onChange={(event) => change({ action: event.target.value as GuardrailDraft["action"] })}>
          {actionsOf(type).map((action) => (
            <option key={action} value={action}>
              {t(ACTIONS[action].label)}
            </option>
          ))}
        </SelectField>
        {value.action === "refuse" && (
          <Field
            label={t("What the user is told")}
            placeholder={t("This is not allowed here.")}
            value={value.message ?? ""}
            problem={problems["message"]}
            onChange={(event) => change({ message: event.target.value || null })}
          />
        )}
        <Switch label={t("On trial")} hint={t("It only tells what it would have done.")} isOn={value.shadow} onChange={(shadow) => change({ shadow })} />
        <Switch label={t("On")} isOn={value.enabled} onChange={(enabled) => change({ enabled })} />
      </Section>
    </>
  );
}

function ConfigFields({ type, value: { config }, change, problems }: FieldsProps) {
  const set = (changes: Record<string, unknown>): void => change({ config: { ...config, ...changes } });
  const list = (name: string): string[] => (Array.isArray(config[name]) ? (config[name] as string[]) : []);
  const text = (name: string): string => (typeof config[name] === "string" ? config[name] : "");
  const number = (name: string): number | null => (typeof config[name] === "number" ? config[name] : null);
  const problem = (name: string): string | undefined => Object.entries(problems).find(([path]) => path.startsWith(`config.${name}`))?.[1];
  switch (type) {
    case "pattern":
      return (
        <>
          <TagsField label={t("Words and phrases")} hint={t("Each entered with Enter; found in any case.")} values={list("words")} problem={problem("words")} onChange={(words) => set({ words })} />
          <AreaField
            label={t("Regular expressions")}
            hint={t("One a line, in the language of RE2.")}
            className="font-mono text-[13px]"
            value={list("patterns").join("\n")}
            problem={problem("patterns")}
            onChange={(event) => set({ patterns: event.target.value === "" ? [] : event.target.value.split("\n") })}
          />
          <Field label={t("Masked by")} placeholder="***" value={text("replacement")} problem={problem("replacement")} onChange={(event) => set({ replacement: event.target.value || "***" })} />
        </>
      );
    case "length":
      return (
        <div className="grid gap-4 sm:grid-cols-3">
          <NumberField label={t("At least")} min={1} value={number("minimum")} problem={problem("minimum")} onChange={(minimum) => set({ minimum })} />
          <NumberField label={t("At most")} min={1} value={number("maximum")} problem={problem("maximum")} onChange={(maximum) => set({ maximum })} />
          <SelectField label={t("Counted in")} value={text("unit") || "characters"} onChange={(event) => set({ unit: event.target.value })}>
            <option value="characters">{t("Characters")}</option>
            <option value="tokens">{t("Tokens")}</option>
          </SelectField>
        </div>
      );
    case "pii":
      return <Checks label={t("Kinds of data")} options={named(KINDS)} values={list("kinds")} problem={problem("kinds")} onChange={(kinds) => set({ kinds })} />;
    case "injection":
      return (
        <>
          <Checks label={t("Signs")} options={named(SIGNS)} values={list("signs")} problem={problem("signs")} onChange={(signs) => set({ signs })} />
          <TagsField label={t("Hosts whose images are fine")} values={list("allowed_hosts")} problem={problem("allowed_hosts")} onChange={(allowed_hosts) => set({ allowed_hosts })} />
        </>
      );
    case "model":
      return (
        <>
          <AreaField label={t("Policy")} required hint={t("What is not allowed, a line each, in plain words.")} rows={6} value={text("policy")} problem={problem("policy")} onChange={(event) => set({ policy: event.target.value })} />
          <FieldFrame label={t("Model")} problem={problem("model")}>
            {({ id }) => <ModelPicker id={id} value={text("model") || null} onChange={(model) => set({ model })} />}
          </FieldFrame>
          <SelectField label={t("When the model cannot be asked")} value={text("on_failure") || "refuse"} onChange={(event) => set({ on_failure: event.target.value })}>
            <option value="refuse">{t("Refuse")}</option>
            <option value="pass">{t("Let it pass")}</option>
          </SelectField>
        </>
      );
  }
}

const NAMES: Record<string, { label: string }> = {
  email: { label: "E-mail addresses" },
  phone: { label: "Phone numbers" },
  iban: { label: "IBANs" },
  credit_card: { label: "Credit cards" },
  ip_address: { label: "IP addresses" },
  national_id: { label: "National ids" },
  instructions: { label: "Instructions to the model" },
  hidden: { label: "Hidden characters" },
  encoded: { label: "Encoded passages" },
  images: { label: "Images that carry data away" },
};

function named(values: readonly string[]): { value: string; label: string }[] {
  return values.map((value) => ({ value, label: t(NAMES[value]?.label ?? value) }));
}

interface ChecksProps {
  label: string;
  options: readonly { value: string; label: string }[];
  values: readonly string[];
  problem: string | undefined;
  onChange: (values: string[]) => void;
}

function Checks({ label, options, values, problem, onChange }: ChecksProps) {
  return (
    <fieldset className="grid gap-2">
      <legend className="mb-1.5 font-medium">{label}</legend>
      <div className="flex flex-wrap gap-x-5 gap-y-2">
        {options.map((option) => (
          <label key={option.value} className="flex items-center gap-2">
            <input
              type="checkbox"
              className="size-4 accent-accent"
              checked={values.includes(option.value)}
              onChange={(event) =>
                onChange(options.map((each) => each.value).filter((each) => (each === option.value ? event.target.checked : values.includes(each))))
              }
            />
            {option.label}
          </label>
        ))}
      </div>
      {problem && <p className="text-danger">{problem}</p>}
    </fieldset>
  );
}
