import { useQuery } from "@tanstack/react-query";

import { accountsQuery } from "@/agents/queries";
import { t } from "@/i18n";
import { useWorkspace } from "@/shell/workspace";
import { AreaField, Field, SelectField, Switch } from "@/ui/field";
import { Fold } from "@/ui/fold";
import { JsonField } from "@/ui/json-field";
import { NumberField } from "@/ui/number-field";
import { Section } from "@/ui/page";

import { ConfigFields } from "./config-fields";
import { Connect } from "./connect";
import type { ToolType } from "./queries";
import { hasOwnParameters, type ToolDraft } from "./tool-form";

export interface ToolFieldsProps {
  type: ToolType;
  value: ToolDraft;
  change: (changes: Partial<ToolDraft>) => void;
  problems: Readonly<Record<string, string>>;
  known: readonly string[];
}

const WITH_ACCOUNT: ReadonlySet<ToolType> = new Set(["http", "openapi", "mcp"]);

export function ToolFields(props: ToolFieldsProps) {
  const { type, value, change, problems } = props;
  return (
    <>
      <Section title={t("Basics")}>
        <Field label={t("Name")} required maxLength={255} value={value.name} problem={problems["name"]} onChange={(event) => change({ name: event.target.value })} />
        <AreaField
          label={t("Description")}
          hint={t("A model goes by it: say what the tool is for, and when to use it.")}
          rows={2}
          value={value.description}
          problem={problems["description"]}
          onChange={(event) => change({ description: event.target.value })}
        />
      </Section>
      <Section title={t("What it does")}>
        <ConfigFields {...props} />
        {WITH_ACCOUNT.has(type) && <Account {...props} />}
        {hasOwnParameters(type) && (
          <JsonField
            label={t("Arguments")}
            hint={t("A JSON Schema of what the model fills in.")}
            rows={8}
            value={value.parameters ?? undefined}
            problem={problems["parameters"]}
            onChange={(parameters) => change({ parameters: (parameters as ToolDraft["parameters"] | undefined) ?? { type: "object" } })}
          />
        )}
      </Section>
      <Approval {...props} />
    </>
  );
}

function Account({ type, value, change, problems }: ToolFieldsProps) {
  const { uuid, may } = useWorkspace();
  const accounts = useQuery({ ...accountsQuery(uuid), enabled: may("accounts.view") });
  const account = accounts.data?.find((each) => each.uuid === value.account_uuid);
  return (
    <>
      <SelectField
        label={t("Account")}
        hint={t("Its credentials go along, to its own server alone.")}
        value={value.account_uuid ?? ""}
        problem={problems["account_uuid"]}
        onChange={(event) => change({ account_uuid: event.target.value || null })}
      >
        <option value="">{t("None")}</option>
        {accounts.data?.map((each) => (
          <option key={each.uuid} value={each.uuid}>
            {each.name}
          </option>
        ))}
      </SelectField>
      {type === "mcp" && account && <Connect account={account} />}
    </>
  );
}

function Approval({ value, change, problems }: ToolFieldsProps) {
  const state = value.requires_approval ? t("each call") : value.approval_condition ? t("on a condition") : undefined;
  return (
    <div className="grid gap-2">
      <Fold title={t("Approval")} state={state}>
        <Switch
          label={t("A human approves each call")}
          isOn={value.requires_approval}
          onChange={(requires_approval) => change({ requires_approval })}
        />
        {!value.requires_approval && (
          <Field
            label={t("Condition")}
            hint={t("An expression; where it is true, a human approves the call.")}
            placeholder="arguments.amount > 100.0"
            className="font-mono text-[13px]"
            value={value.approval_condition ?? ""}
            problem={problems["approval_condition"]}
            onChange={(event) => change({ approval_condition: event.target.value || null })}
          />
        )}
      </Fold>
      <Fold title={t("Limits")} state={value.enabled ? undefined : t("Off")}>
        <Switch label={t("On")} hint={t("Agents do not see a tool that is off.")} isOn={value.enabled} onChange={(enabled) => change({ enabled })} />
        <NumberField label={t("Seconds at most")} min={1} max={900} placeholder={t("As its type has it")} value={value.seconds} problem={problems["seconds"]} onChange={(seconds) => change({ seconds })} />
        <NumberField
          label={t("Longest result, in bytes")}
          min={256}
          max={1_048_576}
          value={value.max_result_bytes}
          problem={problems["max_result_bytes"]}
          onChange={(bytes) => change({ max_result_bytes: bytes ?? 65_536 })}
        />
      </Fold>
    </div>
  );
}
