/** What each type of tool has to be told. */
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";

import { agentsQuery } from "@/api/queries";
import { t } from "@/i18n";
import { useWorkspace } from "@/shell/workspace";
import { CodeEditor } from "@/ui/code-editor";
import { ChosenField } from "@/ui/chosen-field";
import { AreaField, Field, FieldFrame, SelectField, Switch, TagsField } from "@/ui/field";
import { Fold } from "@/ui/fold";
import { JsonField } from "@/ui/json-field";
import { NumberField } from "@/ui/number-field";

import { builtinsQuery, workflowNamesQuery, type ToolType } from "./queries";
import type { ToolFieldsProps } from "./tool-fields";

interface ConfigProps extends ToolFieldsProps {
  /** Changes some of the configuration; `undefined` takes a part away. */
  set: (changes: Record<string, unknown>) => void;
  text: (name: string) => string;
}

const FIELDS: Record<ToolType, (props: ConfigProps) => ReactNode> = {
  builtin: Builtin,
  http: Http,
  openapi: OpenApi,
  mcp: Mcp,
  code: Code,
  workflow: Workflow,
  agent: AskedAgent,
};

export function ConfigFields(props: ToolFieldsProps) {
  const { config } = props.value;
  const set = (changes: Record<string, unknown>): void =>
    props.change({ config: Object.fromEntries(Object.entries({ ...config, ...changes }).filter(([, value]) => value !== undefined)) });
  const text = (name: string): string => (typeof config[name] === "string" ? config[name] : "");
  const Fields = FIELDS[props.type];
  const general = props.problems["config"];
  return (
    <>
      <Fields {...props} set={set} text={text} />
      {general && (
        <p role="alert" className="text-danger">
          {general}
        </p>
      )}
    </>
  );
}

function Builtin({ value, change, problems, text }: ConfigProps) {
  const { uuid } = useWorkspace();
  const builtins = useQuery(builtinsQuery(uuid));
  const chosen = builtins.data?.find((each) => each.name === text("name"));
  const hosts = value.config["hosts"];
  return (
    <>
      <SelectField
        label={t("Tool")}
        required
        hint={chosen?.description}
        value={text("name")}
        problem={problems["config.name"]}
        onChange={(event) => {
          const found = builtins.data?.find((each) => each.name === event.target.value);
          if (found) change({ config: found.config, ...(value.name ? {} : { name: found.title }) });
        }}
      >
        <option value="">{t("Choose one")}</option>
        {builtins.data?.map((each) => (
          <option key={each.name} value={each.name}>
            {each.title}
          </option>
        ))}
      </SelectField>
      {text("name") === "fetch" && (
        <TagsField
          label={t("Hosts that it may reach")}
          hint={t("None: any public one.")}
          values={Array.isArray(hosts) ? (hosts as string[]) : []}
          onChange={(given) => change({ config: { ...value.config, hosts: given.length > 0 ? given : null } })}
        />
      )}
    </>
  );
}

const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"];
const BODY_TYPES = ["json", "form", "text"];

function Http({ value: { config }, problems, set, text }: ConfigProps) {
  return (
    <>
      <div className="grid gap-4 sm:grid-cols-[8rem_1fr]">
        <SelectField label={t("Method")} value={text("method") || "GET"} problem={problems["config.method"]} onChange={(event) => set({ method: event.target.value })}>
          {METHODS.map((each) => (
            <option key={each}>{each}</option>
          ))}
        </SelectField>
        <Field
          label={t("Address")}
          required
          hint={t("{city} in it is an argument's place.", { city: "{city}" })}
          placeholder="https://api.example.com/weather/{city}"
          value={text("url")}
          problem={problems["config.url"]}
          onChange={(event) => set({ url: event.target.value })}
        />
      </div>
      <Fold title={t("Query, headers and body")}>
        <JsonField label={t("Query")} hint={t("Names and values; a value may hold expressions.")} value={config["query"]} problem={problems["config.query"]} onChange={(query) => set({ query })} />
        <JsonField label={t("Headers")} value={config["headers"]} problem={problems["config.headers"]} onChange={(headers) => set({ headers })} />
        <SelectField label={t("Kind of body")} value={text("body_type") || "json"} onChange={(event) => set({ body_type: event.target.value })}>
          {BODY_TYPES.map((each) => (
            <option key={each}>{each}</option>
          ))}
        </SelectField>
        <JsonField label={t("Body")} hint={t("Empty: the arguments that nothing else names.")} value={config["body"]} problem={problems["config.body"]} onChange={(body) => set({ body })} />
        <Switch label={t("Follow redirects")} isOn={config["follow_redirects"] === true} onChange={(follow_redirects) => set({ follow_redirects })} />
      </Fold>
    </>
  );
}

interface OfferedProps extends ConfigProps {
  name: "operations" | "tools";
  all: string;
  some: string;
}

/** Which of what a server has is offered to agents. */
function Offered({ value: { config }, problems, known, set, name, all, some }: OfferedProps) {
  const chosen = Array.isArray(config[name]) ? (config[name] as string[]) : null;
  const field = { label: some, values: chosen ?? [], problem: problems[`config.${name}`], onChange: (values: string[]) => set({ [name]: values }) };
  return (
    <>
      <Switch label={all} isOn={chosen === null} onChange={(isAll) => set({ [name]: isAll ? undefined : [...known] })} />
      {chosen !== null &&
        (known.length > 0 ? (
          <ChosenField
            {...field}
            hint={t("To choose from all that there are, save it with all first.")}
            action={some}
            options={[...new Set([...known, ...chosen])].map((each) => ({ value: each, label: each }))}
            empty={t("There are no others.")}
          />
        ) : (
          <TagsField {...field} hint={t("Their names, each entered with Enter.")} />
        ))}
    </>
  );
}

function OpenApi(props: ConfigProps) {
  const { value, problems, set, text } = props;
  const { document } = value.config;
  const written = typeof document === "string" ? document : document === undefined ? "" : JSON.stringify(document, null, 2);
  return (
    <>
      {document === undefined && (
        <Field
          label={t("Address of the document")}
          placeholder="https://api.example.com/openapi.json"
          value={text("url")}
          problem={problems["config.url"]}
          onChange={(event) => set({ url: event.target.value })}
        />
      )}
      <Switch label={t("Enter the document itself")} isOn={document !== undefined} onChange={(isOn) => set(isOn ? { document: "", url: undefined } : { document: undefined, url: "" })} />
      {document !== undefined && (
        <AreaField label={t("Document")} rows={8} className="font-mono text-[13px]" value={written} problem={problems["config.document"]} onChange={(event) => set({ document: event.target.value })} />
      )}
      <Field
        label={t("Address of the server")}
        placeholder={t("As the document has it")}
        value={text("base_url")}
        problem={problems["config.base_url"]}
        onChange={(event) => set({ base_url: event.target.value || undefined })}
      />
      <Offered {...props} name="operations" all={t("All operations")} some={t("Operations")} />
    </>
  );
}

function Mcp(props: ConfigProps) {
  const { problems, set, text } = props;
  return (
    <>
      <Field
        label={t("Address of the server")}
        placeholder={t("As the account has it")}
        value={text("url")}
        problem={problems["config.url"]}
        onChange={(event) => set({ url: event.target.value || undefined })}
      />
      <Offered {...props} name="tools" all={t("All functions")} some={t("Functions")} />
    </>
  );
}

function Code({ value: { config }, problems, set, text }: ConfigProps) {
  return (
    <>
      <FieldFrame label={t("Code")} hint={t("Each argument is a variable; what is in result at the end is the result.")} problem={problems["config.code"]}>
        {() => <CodeEditor label={t("Code")} language="python" value={text("code")} onChange={(code) => set({ code })} />}
      </FieldFrame>
      <div className="grid gap-4 sm:grid-cols-2">
        <NumberField label={t("Seconds of computing")} min={1} placeholder="5" value={config["compute_seconds"] as number | undefined} problem={problems["config.compute_seconds"]} onChange={(seconds) => set({ compute_seconds: seconds ?? undefined })} />
        <NumberField label={t("Memory in MB")} min={1} placeholder="64" value={config["memory_mb"] as number | undefined} problem={problems["config.memory_mb"]} onChange={(megabytes) => set({ memory_mb: megabytes ?? undefined })} />
      </div>
    </>
  );
}

interface OneOfProps {
  label: string;
  value: string;
  problem: string | undefined;
  options: readonly { uuid: string; name: string }[];
  onChange: (uuid: string) => void;
}

function OneOf({ label, value, problem, options, onChange }: OneOfProps) {
  return (
    <SelectField label={label} required value={value} problem={problem} onChange={(event) => onChange(event.target.value)}>
      <option value="">{t("Choose one")}</option>
      {options.map((each) => (
        <option key={each.uuid} value={each.uuid}>
          {each.name}
        </option>
      ))}
    </SelectField>
  );
}

function Workflow({ problems, set, text }: ConfigProps) {
  const { uuid, may } = useWorkspace();
  const workflows = useQuery({ ...workflowNamesQuery(uuid), enabled: may("workflows.view") });
  return <OneOf label={t("Workflow")} value={text("workflow_uuid")} problem={problems["config.workflow_uuid"]} options={workflows.data ?? []} onChange={(workflow_uuid) => set({ workflow_uuid })} />;
}

function AskedAgent({ problems, set, text }: ConfigProps) {
  const { uuid } = useWorkspace();
  const agents = useQuery(agentsQuery(uuid));
  return <OneOf label={t("Agent")} value={text("agent_uuid")} problem={problems["config.agent_uuid"]} options={agents.data ?? []} onChange={(agent_uuid) => set({ agent_uuid })} />;
}
