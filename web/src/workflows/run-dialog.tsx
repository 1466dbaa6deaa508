/** What a run is given. */
import { useState } from "react";

import { t } from "@/i18n";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { SelectField, Switch } from "@/ui/field";
import { JsonField } from "@/ui/json-field";
import type { JsonSchema } from "@/ui/schema-form/schema";
import { SchemaForm } from "@/ui/schema-form/schema-form";
import { Failure } from "@/ui/state";
import { ApiError, type Schemas } from "@/api/client";

import { useEditor } from "./editor-context";
import { titleOf, type GraphNode } from "./graph";

function useRunning(onClose: () => void) {
  const { run } = useEditor();
  const [error, setError] = useState<unknown>(null);
  const [isBusy, setBusy] = useState(false);
  const start = async (body: Schemas["WorkflowRun"]): Promise<void> => {
    setBusy(true);
    try {
      await run(body);
      onClose();
    } catch (caught) {
      setError(caught);
      setBusy(false);
    }
  };
  return { start, error, isBusy };
}

/** The values of the workflow's variables, as a form. */
function variablesSchema(variables: readonly Schemas["WorkflowVariable"][]): JsonSchema {
  const properties = variables.map(({ name, type, description, default: usual }): [string, JsonSchema] => [
    name,
    { type: type ?? "string", title: name, ...(description ? { description } : {}), ...(usual == null ? {} : { default: usual }) },
  ]);
  return {
    type: "object",
    properties: Object.fromEntries(properties),
    required: variables.filter((each) => each.required && each.default == null).map((each) => each.name),
  };
}

export function RunDialog({ onClose }: { onClose: () => void }) {
  const { state, kinds, shown, isChanged } = useEditor();
  const { nodes, variables } = state.present;
  const triggers = nodes.filter((node) => kinds.get(node.type)?.kind === "trigger" && !node.disabled);
  const [chosen, setChosen] = useState((triggers.find((node) => node.type === "manual_trigger") ?? triggers[0])?.id ?? "");
  const [input, setInput] = useState<unknown>(shown?.execution?.input ?? undefined);
  const [values, setValues] = useState<Record<string, unknown>>({});
  const hasPinned = nodes.some((node) => node.pinned_output != null);
  const [isTest, setTest] = useState(hasPinned);
  const { start, error, isBusy } = useRunning(onClose);
  const trigger = triggers.find((node) => node.id === chosen);
  const schema = trigger?.data?.["input_schema"] as JsonSchema | null | undefined;
  const problems = error instanceof ApiError ? error.problems : {};
  return (
    <Dialog title={t("Run")} onClose={onClose} className="max-h-[85dvh] overflow-y-auto">
      <form
        className="grid gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          void start({ variables: values, test: isTest, ...(chosen ? { trigger_node_id: chosen } : {}), ...(input === undefined ? {} : { input }) });
        }}
      >
        {triggers.length > 1 && (
          <SelectField label={t("Begin with")} value={chosen} onChange={(event) => setChosen(event.target.value)}>
            {triggers.map((node) => (
              <option key={node.id} value={node.id}>
                {titleOf(node, kinds.get(node.type))} ({node.id})
              </option>
            ))}
          </SelectField>
        )}
        {schema?.properties ? (
          <SchemaForm schema={schema} path="input" value={(input ?? {}) as Record<string, unknown>} problems={problems} onChange={setInput} />
        ) : (
          <JsonField label={t("Input")} hint={t("What the trigger gives, as JSON. It may be left empty.")} problem={problems["input"]} value={input} onChange={setInput} rows={6} />
        )}
        {variables.length > 0 && (
          <SchemaForm schema={variablesSchema(variables)} path="variables" value={values} problems={problems} onChange={setValues} />
        )}
        {hasPinned && <Switch label={t("Use pinned outputs")} isOn={isTest} onChange={setTest} />}
        {error !== null && <Failure error={error} />}
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>{t("Cancel")}</Button>
          <Button type="submit" kind="primary" disabled={isBusy}>
            {isChanged ? t("Save and run") : t("Run")}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

/** One node with an input of its own; what it reads of others is what they gave in the execution that is shown. */
export function RunAlone({ node, onClose }: { node: GraphNode; onClose: () => void }) {
  const { shown, kinds } = useEditor();
  const [input, setInput] = useState<unknown>(shown?.nodes[node.id]?.input ?? undefined);
  const { start, error, isBusy } = useRunning(onClose);
  const given = Object.entries(shown?.nodes ?? {}).filter(([id, each]) => id !== node.id && each.output !== null);
  return (
    <Dialog title={titleOf(node, kinds.get(node.type))} onClose={onClose}>
      <form
        className="grid gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          const pinned = Object.fromEntries(given.map(([id, each]) => [id, each.output]));
          void start({ only_node_id: node.id, pinned, ...(input === undefined ? {} : { input }) });
        }}
      >
        <JsonField label={t("Input")} value={input} onChange={setInput} rows={6} />
        {error !== null && <Failure error={error} />}
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>{t("Cancel")}</Button>
          <Button type="submit" kind="primary" disabled={isBusy}>
            {t("Run")}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
