/** A form made from a JSON Schema. What the schema leaves open is edited as JSON. */
import { createContext, useContext, useMemo, type ReactNode } from "react";

import { AreaField, Field, SelectField, Switch } from "@/ui/field";
import { JsonField } from "@/ui/json-field";
import { t } from "@/i18n";

import { Items, Named } from "./parts";
import { begun, describe, labelOf, type Described, type JsonSchema } from "./schema";

const LONG_TEXT = 500;

export interface ValueProps {
  schema: JsonSchema;
  value: unknown;
  /** `undefined` takes the value away, so that its default holds. */
  onChange: (value: unknown) => void;
  /** Where it stands, such as `credentials.api_key`; problems are told by it. */
  path: string;
  label: string;
  isRequired?: boolean;
}

interface FormContext {
  root: JsonSchema;
  problems: Readonly<Record<string, string>>;
  /** Shows a value in another way than the form would, or adds to that (`plain`); `null` leaves it to the form. */
  override: ((props: ValueProps, described: Described, plain: ReactNode) => ReactNode) | undefined;
}

const Context = createContext<FormContext>({ root: {}, problems: {}, override: undefined });

interface SchemaFormProps {
  schema: JsonSchema;
  value: Readonly<Record<string, unknown>>;
  onChange: (value: Record<string, unknown>) => void;
  problems?: Readonly<Record<string, string>>;
  /** Where the form's value stands in what is sent, such as `credentials`. */
  path?: string;
  override?: FormContext["override"];
}

export function SchemaForm({ schema, value, onChange, problems = {}, path = "", override }: SchemaFormProps) {
  const context = useMemo(() => ({ root: schema, problems, override }), [schema, problems, override]);
  return (
    <Context.Provider value={context}>
      <Properties schema={schema} value={value} onChange={onChange} path={path} />
    </Context.Provider>
  );
}

interface PropertiesProps {
  schema: JsonSchema;
  value: Readonly<Record<string, unknown>>;
  onChange: (value: Record<string, unknown>) => void;
  path: string;
  /** A property that is shown elsewhere. */
  hidden?: string;
}

function Properties({ schema, value, onChange, path, hidden }: PropertiesProps) {
  return (
    <div className="grid gap-4">
      {Object.entries(schema.properties ?? {})
        .filter(([name, property]) => name !== hidden && property.const === undefined)
        .map(([name, property]) => (
          <Value
            key={name}
            schema={property}
            value={value[name]}
            onChange={(changed) => {
              const { [name]: _former, ...others } = value;
              onChange(changed === undefined ? others : { ...others, [name]: changed });
            }}
            path={path ? `${path}.${name}` : name}
            label={labelOf(name, property)}
            isRequired={schema.required?.includes(name) ?? false}
          />
        ))}
    </div>
  );
}

/** One value, by what its schema says of it. */
export function Value(props: ValueProps) {
  const { root, problems, override } = useContext(Context);
  const described = describe(props.schema, root);
  const plain = <Plain {...props} described={described} problem={problems[props.path]} />;
  return override?.(props, described, plain) ?? plain;
}

function Plain(props: ValueProps & { described: Described; problem: string | undefined }) {
  const { described, value, onChange, problem, label, isRequired, path } = props;
  const { schema } = described;
  const framed = { label, hint: schema.description, problem };
  switch (described.kind) {
    case "choice":
      return (
        <SelectField
          {...framed}
          required={isRequired}
          value={String(value ?? schema.default ?? "")}
          onChange={(event) => onChange(schema.enum?.find((each) => String(each) === event.target.value))}
        >
          {(!isRequired || value === undefined) && schema.default === undefined && <option value="">{t("Not set")}</option>}
          {schema.enum?.map((each) => (
            <option key={String(each)} value={String(each)}>
              {String(each)}
            </option>
          ))}
        </SelectField>
      );
    case "switch":
      return <Switch label={label} hint={schema.description} isOn={Boolean(value ?? schema.default)} onChange={onChange} />;
    case "number":
      return <NumberValue {...props} />;
    case "text":
      return <TextValue {...props} />;
    case "list":
      return <ListValue {...props} />;
    case "map":
      return <MapValue {...props} />;
    case "object":
      return (
        <Group {...framed} isOptional={!isRequired} isGiven={isObject(value)} onGive={(gives) => onChange(gives ? begun(schema, {}) : undefined)}>
          <Properties schema={schema} value={isObject(value) ? value : {}} onChange={onChange} path={path} />
        </Group>
      );
    case "variants":
      return <VariantValue {...props} />;
    case "json":
      return <JsonField {...framed} value={value} onChange={onChange} isRequired={isRequired} />;
  }
}

type PlainProps = ValueProps & { described: Described; problem: string | undefined };

function NumberValue({ described: { schema }, value, onChange, problem, label, isRequired }: PlainProps) {
  return (
    <Field
      label={label}
      hint={schema.description}
      problem={problem}
      type="number"
      required={isRequired}
      min={schema.minimum}
      max={schema.maximum}
      step={schema.type === "integer" ? 1 : "any"}
      placeholder={schema.default === undefined || schema.default === null ? undefined : String(schema.default)}
      value={typeof value === "number" ? value : ""}
      onChange={(event) => onChange(Number.isNaN(event.target.valueAsNumber) ? undefined : event.target.valueAsNumber)}
    />
  );
}

function TextValue({ described: { schema }, value, onChange, problem, label, isRequired }: PlainProps) {
  const text = typeof value === "string" ? value : "";
  const change = (given: string): void => onChange(given === "" && !isRequired ? undefined : given);
  const example = schema.default ?? schema.examples?.[0];
  const framed = {
    label,
    hint: schema.description,
    problem,
    required: isRequired,
    value: text,
    placeholder: typeof example === "string" ? example : undefined,
  };
  if (schema.writeOnly || schema.format === "password") {
    return <Field {...framed} type="password" autoComplete="off" onChange={(event) => change(event.target.value)} />;
  }
  if ((schema.maxLength ?? 0) > LONG_TEXT || text.includes("\n")) {
    return <AreaField {...framed} onChange={(event) => change(event.target.value)} />;
  }
  return <Field {...framed} dir="auto" onChange={(event) => change(event.target.value)} />;
}

function ListValue({ described: { schema }, value, onChange, problem, label, path }: PlainProps) {
  const { root } = useContext(Context);
  const items = schema.items ?? {};
  const values: unknown[] = Array.isArray(value) ? value : [];
  return (
    <Items
      label={label}
      hint={schema.description}
      problem={problem}
      values={values}
      onChange={(changed) => onChange(changed.length === 0 && schema.minItems === undefined ? undefined : changed)}
      onAdd={() => begun(items, root)}
      most={schema.maxItems}
    >
      {(each, change, at) => (
        <Value schema={items} value={each} onChange={change} path={`${path}.${at}`} label={`${items.title ?? label} ${at + 1}`} isRequired />
      )}
    </Items>
  );
}

function MapValue({ described: { schema }, value, onChange, problem, label, path }: PlainProps) {
  const { root } = useContext(Context);
  const values = typeof schema.additionalProperties === "object" ? schema.additionalProperties : {};
  return (
    <Named
      label={label}
      hint={schema.description}
      problem={problem}
      values={isObject(value) ? value : {}}
      onChange={(changed) => onChange(Object.keys(changed).length === 0 ? undefined : changed)}
      onAdd={() => begun(values, root) ?? ""}
    >
      {(each, change, name) => <Value schema={values} value={each} onChange={change} path={`${path}.${name}`} label={name} isRequired />}
    </Named>
  );
}

function VariantValue({ described, value, onChange, problem, label, isRequired, path }: PlainProps) {
  const { root } = useContext(Context);
  const { schema, variants, tag } = described;
  const given = isObject(value) ? value : {};
  const chosen = variants.find((each) => each.name === given[tag]);
  const choose = (name: string): void => {
    const variant = variants.find((each) => each.name === name);
    onChange(variant && { ...(begun(variant.schema, root) as object), [tag]: name });
  };
  return (
    <div className="grid gap-3">
      <SelectField
        label={label}
        hint={chosen?.schema.description ?? schema.description}
        problem={problem}
        required={isRequired}
        value={chosen?.name ?? ""}
        onChange={(event) => choose(event.target.value)}
      >
        {(!isRequired || !chosen) && <option value="">{t("None")}</option>}
        {variants.map((each) => (
          <option key={each.name} value={each.name}>
            {labelOf(each.name, {})}
          </option>
        ))}
      </SelectField>
      {chosen && (
        <div className="border-s-2 ps-3">
          <Properties schema={chosen.schema} value={given} onChange={onChange} path={path} hidden={tag} />
        </div>
      )}
    </div>
  );
}

interface GroupProps {
  label: string;
  hint: string | undefined;
  problem: string | undefined;
  isOptional: boolean;
  isGiven: boolean;
  onGive: (gives: boolean) => void;
  children: ReactNode;
}

/** An object within the form, which may be left out where it is not required. */
function Group({ label, hint, problem, isOptional, isGiven, onGive, children }: GroupProps) {
  return (
    <fieldset className="grid min-w-0 gap-3">
      {isOptional ? (
        <Switch label={label} hint={hint} isOn={isGiven} onChange={onGive} />
      ) : (
        <legend className="mb-1 font-medium">{label}</legend>
      )}
      {problem && <p className="text-danger">{problem}</p>}
      {(isGiven || !isOptional) && <div className="border-s-2 ps-3">{children}</div>}
    </fieldset>
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
