/** The parts of an agent's form, what is needed most first. */
import { useQuery, useSuspenseQuery } from "@tanstack/react-query";

import { agentsQuery, userQuery } from "@/api/queries";
import { formatNumber } from "@/format";
import { t } from "@/i18n";
import { useWorkspace } from "@/shell/workspace";
import { allGuardrailsQuery, allToolsQuery } from "@/tools/queries";
import { ChosenField } from "@/ui/chosen-field";
import { AreaField, Field, FieldFrame, SelectField, Switch, TagsField } from "@/ui/field";
import { Fold } from "@/ui/fold";
import { JsonField } from "@/ui/json-field";
import { NumberField } from "@/ui/number-field";
import { Section } from "@/ui/page";

import type { Definition } from "./definition";
import { Fallbacks } from "./fallbacks";
import { ModelPicker } from "./model-picker";
import { accountsQuery, agentQuery } from "./queries";

export interface Part {
  agent: string;
  value: Definition;
  change: (changes: Partial<Definition>) => void;
  problems: Readonly<Record<string, string>>;
}

const ROW = "grid gap-4 sm:grid-cols-2";

export function Basics({ value, change, problems }: Part) {
  const { uuid, may } = useWorkspace();
  const accounts = useQuery({ ...accountsQuery(uuid), enabled: may("accounts.view") });
  return (
    <Section title={t("Basics")}>
      <div className={ROW}>
        <Field label={t("Name")} required maxLength={255} value={value.name} problem={problems["name"]} onChange={(event) => change({ name: event.target.value })} />
        <Field
          label={t("Description")}
          placeholder={t("What it is for")}
          value={value.description}
          problem={problems["description"]}
          onChange={(event) => change({ description: event.target.value })}
        />
      </div>
      <AreaField
        label={t("Instructions")}
        hint={t("How it is to behave: its task, its manner, what it must not do.")}
        rows={10}
        value={value.system_prompt ?? ""}
        problem={problems["system_prompt"]}
        onChange={(event) => change({ system_prompt: event.target.value || null })}
      />
      <div className={ROW}>
        <FieldFrame label={t("Model")} problem={problems["model"]}>
          {({ id }) => <ModelPicker id={id} value={value.model} onChange={(model) => change({ model })} />}
        </FieldFrame>
        <SelectField
          label={t("Account")}
          hint={t("The account that pays for the model.")}
          value={value.account_uuid ?? ""}
          problem={problems["account_uuid"]}
          onChange={(event) => change({ account_uuid: event.target.value || null })}
        >
          <option value="">{t("The newest one that has the model")}</option>
          {accounts.data?.map((each) => (
            <option key={each.uuid} value={each.uuid}>
              {each.name}
            </option>
          ))}
        </SelectField>
        <NumberField
          label={t("Temperature")}
          hint={t("0 is steady, 2 is wild.")}
          min={0}
          max={2}
          step={0.1}
          placeholder={t("As the model has it")}
          value={value.temperature}
          problem={problems["metadata.temperature"]}
          onChange={(temperature) => change({ temperature })}
        />
        <NumberField
          label={t("Longest answer, in tokens")}
          min={1}
          step={1}
          placeholder={t("As the model has it")}
          value={value.max_tokens}
          problem={problems["metadata.max_tokens"]}
          onChange={(max_tokens) => change({ max_tokens })}
        />
      </div>
    </Section>
  );
}

/** What it may use. */
export function Abilities({ agent, value, change, problems }: Part) {
  const { uuid, may } = useWorkspace();
  const tools = useQuery({ ...allToolsQuery(uuid), enabled: may("tools.view") });
  const agents = useQuery(agentsQuery(uuid));
  return (
    <Section title={t("Abilities")}>
      <ChosenField
        label={t("Tools")}
        hint={t("What it may have done. It chooses by their names and descriptions.")}
        action={t("Add a tool")}
        values={value.tool_uuids}
        options={(tools.data ?? []).map((each) => ({ value: each.uuid, label: each.name, detail: each.description || undefined }))}
        problem={problems["tool_uuids"]}
        onChange={(tool_uuids) => change({ tool_uuids })}
        empty={t("There is no such tool. Make one under Tools.")}
      />
      <ChosenField
        label={t("Team")}
        hint={t("Agents that it may ask, or hand the conversation over to.")}
        action={t("Add an agent")}
        values={value.team_uuids}
        options={(agents.data ?? [])
          .filter((each) => each.uuid !== agent)
          .map((each) => ({ value: each.uuid, label: each.name, detail: each.description || undefined }))}
        problem={problems["team_uuids"]}
        onChange={(team_uuids) => change({ team_uuids })}
        empty={t("No agent is called so.")}
      />
    </Section>
  );
}

/** What most agents leave as it is. */
export function More(part: Part) {
  const { value, change, problems } = part;
  return (
    <Section title={t("More")}>
      <div className="grid gap-2">
        <Guardrails {...part} />
        <Memory {...part} />
        <Answers {...part} />
        <Fold title={t("Models that stand in")} state={value.fallback_models.length || undefined}>
          <Fallbacks values={value.fallback_models} onChange={(fallback_models) => change({ fallback_models })} problems={problems} />
        </Fold>
        <Limits {...part} />
        <Visibility {...part} />
        <Fold title={t("Tags and first messages")} state={value.tags.join(", ") || undefined}>
          <TagsField label={t("Tags")} values={value.tags} onChange={(tags) => change({ tags })} problem={problems["tags"]} />
          <AreaField
            label={t("First messages")}
            hint={t("What its users can begin with, one a line.")}
            value={value.conversation_starters}
            problem={problems["metadata.conversation_starters"]}
            onChange={(event) => change({ conversation_starters: event.target.value })}
          />
        </Fold>
      </div>
    </Section>
  );
}

/** Its creator, owners and admins alone decide who sees an agent. */
function Visibility({ agent, value, change }: Part) {
  const { uuid, role } = useWorkspace();
  const { data: user } = useSuspenseQuery(userQuery);
  const { data: saved } = useSuspenseQuery(agentQuery(uuid, agent));
  const isPrivate = value.visibility === "private";
  const mayDecide = ["owner", "admin"].includes(role) || saved.item.creator?.uuid === user.uuid;
  return (
    <Fold title={t("Who sees it")} state={isPrivate ? t("Private") : undefined}>
      <Switch
        label={t("Private")}
        hint={t("For other members than its creator, owners and admins it does not exist; shares reach them.")}
        isOn={isPrivate}
        isDisabled={!mayDecide}
        onChange={(isOn) => change({ visibility: isOn ? "private" : "workspace" })}
      />
    </Fold>
  );
}

function Guardrails({ value, change, problems }: Part) {
  const { uuid, may } = useWorkspace();
  const guardrails = useQuery({ ...allGuardrailsQuery(uuid), enabled: may("guardrails.view") });
  return (
    <Fold title={t("Guardrails")} state={value.guardrail_uuids.length || undefined}>
      <ChosenField
        label={t("Guardrails")}
        hint={t("What is checked of what it is asked, says, calls and reads, in this order.")}
        action={t("Add a guardrail")}
        isOrdered
        values={value.guardrail_uuids}
        options={(guardrails.data ?? []).map((each) => ({ value: each.uuid, label: each.name, detail: each.description || undefined }))}
        problem={problems["guardrail_uuids"]}
        onChange={(guardrail_uuids) => change({ guardrail_uuids })}
        empty={t("There is no such guardrail. Make one under Guardrails.")}
      />
    </Fold>
  );
}

function Memory({ value: { memory }, change, problems }: Part) {
  const set = (changes: Partial<Definition["memory"]>): void => change({ memory: { ...memory, ...changes } });
  const on = [memory.recall ? t("recalls") : null, memory.extract ? t("learns") : null].filter(Boolean);
  return (
    <Fold title={t("Memory")} state={on.join(", ") || undefined}>
      <Switch
        label={t("Recall")}
        hint={t("Its knowledge and memories that fit are put before it for each answer.")}
        isOn={memory.recall ?? false}
        onChange={(recall) => set({ recall })}
      />
      <NumberField label={t("At most so many")} min={1} max={50} value={memory.limit} problem={problems["memory.limit"]} onChange={(limit) => set({ limit: limit ?? 8 })} />
      <Switch
        label={t("Learn from conversations")}
        hint={t("Facts, preferences and episodes are kept once a thread has gone quiet.")}
        isOn={memory.extract ?? false}
        onChange={(extract) => set({ extract })}
      />
      <FieldFrame label={t("The model that reads conversations")} problem={problems["memory.extract_model"]}>
        {({ id }) => (
          <ModelPicker id={id} value={memory.extract_model ?? null} none={t("The agent's own")} onChange={(extract_model) => set({ extract_model })} />
        )}
      </FieldFrame>
    </Fold>
  );
}

function Answers({ value, change, problems }: Part) {
  const { output_schema, reflection, conversation_style } = value;
  const on = [output_schema ? t("by a schema") : null, reflection ? t("reflects") : null].filter(Boolean);
  return (
    <Fold title={t("How it answers")} state={on.join(", ") || undefined}>
      <Switch
        label={t("Reflection")}
        hint={t("It plans first, and looks at its answer before it is given.")}
        isOn={reflection !== null}
        onChange={(isOn) => change({ reflection: isOn ? { rounds: 1 } : null })}
      />
      {reflection && (
        <NumberField label={t("Rounds")} min={1} max={5} value={reflection.rounds} problem={problems["reflection.rounds"]} onChange={(rounds) => change({ reflection: { rounds: rounds ?? 1 } })} />
      )}
      <JsonField
        label={t("Schema of the answer")}
        hint={t("A JSON Schema that each answer fits; the answer is JSON then. Empty: any text.")}
        rows={6}
        value={output_schema ?? undefined}
        problem={problems["output_schema"]}
        onChange={(schema) => change({ output_schema: (schema as Definition["output_schema"] | undefined) ?? null })}
      />
      <Field
        label={t("Style")}
        placeholder={t("Such as: brief and friendly")}
        value={conversation_style ?? ""}
        problem={problems["metadata.conversation_style"]}
        onChange={(event) => change({ conversation_style: event.target.value || null })}
      />
    </Fold>
  );
}

function Limits({ value: { limits }, change, problems }: Part) {
  const set = (changes: Partial<Definition["limits"]>): void => change({ limits: { ...limits, ...changes } });
  const of = (name: keyof Definition["limits"]) => ({
    value: limits[name],
    problem: problems[`limits.${name}`],
    placeholder: t("Unlimited"),
  });
  return (
    <Fold title={t("Limits of a run")} state={t("{count} turns", { count: formatNumber(limits.turns ?? 20) })}>
      <div className={ROW}>
        <NumberField label={t("Turns")} hint={t("Calls of the model.")} min={1} max={100} {...of("turns")} onChange={(turns) => set({ turns: turns ?? 20 })} />
        <NumberField label={t("Calls of tools")} min={0} max={1000} {...of("tool_calls")} onChange={(calls) => set({ tool_calls: calls ?? 50 })} />
        <NumberField label={t("Tokens")} min={1} {...of("tokens")} onChange={(tokens) => set({ tokens })} />
        <NumberField label={t("Cost in US dollars")} min={0} step="any" {...of("cost")} onChange={(cost) => set({ cost })} />
        <NumberField label={t("Seconds at work")} min={1} {...of("seconds")} onChange={(seconds) => set({ seconds })} />
      </div>
    </Fold>
  );
}
