/** What a node's type has to be told: its form, in which values may be expressions. */
import { useQuery } from "@tanstack/react-query";
import { useCallback, useMemo, type ReactNode } from "react";

import { t } from "@/i18n";
import { useWorkspace } from "@/shell/workspace";
import { CodeEditor } from "@/ui/code-editor";
import { SelectField } from "@/ui/field";
import type { Described, JsonSchema } from "@/ui/schema-form/schema";
import { SchemaForm, type ValueProps } from "@/ui/schema-form/schema-form";

import { useEditor } from "./editor-context";
import { ExpressionField } from "./expression-field";
import { useKnownExecution, type PreviewPlace } from "./expression-preview";
import { MARK, names, type Suggestion } from "./expressions";
import type { GraphNode, Kind } from "./graph";
import { reached, sourcePort } from "./ports";
import { inputFrom, pinnedOutputs } from "./preview";
import { useProblems } from "./problems";
import { NAMED, namedQuery, namesQuery } from "./queries";

export function NodeForm({ node, kind }: { node: GraphNode; kind: Kind }) {
  const { dispatch, isReadOnly } = useEditor();
  const problems = useProblems(node);
  const suggest = useSuggestions(node);
  const schema = kind.config_schema as JsonSchema;
  const override = useCallback(
    (props: ValueProps, described: Described, plain: ReactNode) => {
      const field = schema.properties?.[props.path.split(".")[1] ?? ""];
      if (field?.["x-expression"] === "none") return fixed(props, isReadOnly);
      const place = { node, takesSecrets: field?.["x-secrets"] === true, isForItems: field?.["x-expression"] === "item" };
      return (
        <OpenValue
          {...props}
          described={described}
          plain={plain}
          suggestions={suggest(place.takesSecrets, place.isForItems)}
          place={place}
          problem={problems[props.path]}
          isReadOnly={isReadOnly}
        />
      );
    },
    [schema, node, suggest, problems, isReadOnly],
  );
  if (Object.keys(schema.properties ?? {}).length === 0) return <p className="text-muted">{t("There is nothing to set up.")}</p>;
  return (
    <fieldset disabled={isReadOnly} className="min-w-0">
      {problems["data"] && <p className="mb-3 text-danger">{problems["data"]}</p>}
      <SchemaForm
        schema={schema}
        path="data"
        value={node.data ?? {}}
        problems={problems}
        override={override}
        onChange={(data) => dispatch({ type: "change", id: node.id, changes: { data } })}
      />
    </fieldset>
  );
}

function fixed({ path, label, value, onChange }: ValueProps, isReadOnly: boolean): ReactNode {
  if (path !== "data.code") return null;
  return (
    <div className="grid gap-1.5">
      <span className="font-medium">{label}</span>
      <CodeEditor label={label} language="python" value={typeof value === "string" ? value : ""} onChange={onChange} isReadOnly={isReadOnly} />
    </div>
  );
}

/** What may be named in the node's expressions; what nodes gave is known from an execution, or from what is pinned. */
function useSuggestions(node: GraphNode): (takesSecrets: boolean, isForItems: boolean) => readonly Suggestion[] {
  const { state, kinds } = useEditor();
  const { uuid, may } = useWorkspace();
  const { data } = useQuery(namesQuery(uuid, may("variables.view")));
  const { present } = state;
  const execution = useKnownExecution();
  return useMemo(() => {
    const nodes = execution?.data?.nodes ?? {};
    const outputs = { ...Object.fromEntries(Object.entries(nodes).map(([id, each]) => [id, each.output])), ...pinnedOutputs(present) };
    const given = { input: nodes[node.id]?.input ?? outputs[inputFrom(present, kinds, node) ?? ""], trigger: execution?.input };
    const isInLoop = present.nodes.some((loop) => {
      if (kinds.get(loop.type)?.kind !== "loop" || loop.id === node.id) return false;
      const first = present.edges.filter((edge) => edge.source === loop.id && sourcePort(edge, loop, kinds) === "item");
      return reached(first.map((edge) => edge.target), present.edges, loop.id).has(node.id);
    });
    const { secrets = [], variables = [] } = data ?? {};
    return (takesSecrets, isForItems) =>
      names({ draft: present, node, secrets, variables, takesSecrets, outputs, given, isInLoop: isInLoop || isForItems });
  }, [present, node, kinds, execution, data]);
}

interface OpenValueProps extends ValueProps {
  described: Described;
  plain: ReactNode;
  suggestions: readonly Suggestion[];
  place: PreviewPlace;
  problem: string | undefined;
  isReadOnly: boolean;
}

/** A value that is given as it is, or by an expression. */
function OpenValue({ described, plain, suggestions, place, problem, isReadOnly, ...props }: OpenValueProps) {
  const { value, onChange, label, path, isRequired } = props;
  const { schema, kind } = described;
  const last = path.split(".").at(-1) ?? "";
  const isNamed = last in NAMED;
  const isText = kind === "text" && !isNamed;
  const example = schema.examples?.find((each) => typeof each === "string");
  const isUsual = [example, schema.description].some((each) => typeof each === "string" && each.includes(MARK));
  const holds = typeof value === "string" && (value.includes(MARK) || !["choice", "text"].includes(kind));
  if (isText || holds || (value === undefined && isUsual && isRequired)) {
    return (
      <ExpressionField
        label={label}
        hint={schema.description}
        problem={problem}
        isRequired={isRequired}
        placeholder={typeof example === "string" ? example : undefined}
        aside={!isText && !isReadOnly && <Toggle label={label} text={t("Fixed value")} onToggle={() => onChange(kind === "json" ? null : undefined)} />}
        value={typeof value === "string" ? value : ""}
        onChange={(text) => onChange(text === "" && !isRequired && kind !== "json" ? undefined : text)}
        suggestions={suggestions}
        place={place}
        isReadOnly={isReadOnly}
      />
    );
  }
  if (kind === "object" || kind === "variants") return plain;
  return (
    <div className="grid gap-1">
      {isNamed ? <NamedValue {...props} field={last as keyof typeof NAMED} hint={schema.description} problem={problem} /> : plain}
      {!isReadOnly && (
        <span className="justify-self-end">
          <Toggle label={label} text={t("Expression")} onToggle={() => onChange("{{ }}")} />
        </span>
      )}
    </div>
  );
}

function Toggle({ label, text, onToggle }: { label: string; text: string; onToggle: () => void }) {
  return (
    <button type="button" aria-label={`${label}: ${text}`} onClick={onToggle} className="rounded px-1 text-xs text-accent-ink hover:underline">
      {text}
    </button>
  );
}

interface NamedValueProps extends ValueProps {
  field: keyof typeof NAMED;
  hint: string | undefined;
  problem: string | undefined;
}

/** Something of the workspace, chosen by its name. */
export function NamedValue({ field, value, onChange, label, hint, problem, isRequired }: NamedValueProps) {
  const workspace = useWorkspace();
  const { data = [] } = useQuery(namedQuery(workspace.uuid, field));
  const given = typeof value === "string" ? value : "";
  return (
    <SelectField label={label} hint={hint} problem={problem} required={isRequired} value={given} onChange={(event) => onChange(event.target.value || undefined)}>
      <option value="">{t("Not set")}</option>
      {given && !data.some((each) => each.uuid === given) && <option value={given}>{given}</option>}
      {data.map((each) => (
        <option key={each.uuid} value={each.uuid}>
          {each.name}
        </option>
      ))}
    </SelectField>
  );
}
