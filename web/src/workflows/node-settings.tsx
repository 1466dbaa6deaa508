/** What holds for nodes of every type. */
import { useState } from "react";

import { t } from "@/i18n";
import { AreaField, Field, SelectField, Switch } from "@/ui/field";
import { JsonField } from "@/ui/json-field";
import { Button } from "@/ui/button";

import { useEditor } from "./editor-context";
import { ID, output, type GraphNode } from "./graph";
import { useProblems } from "./problems";

type Change = (changes: Partial<GraphNode>) => void;

interface PartProps {
  node: GraphNode;
  change: Change;
}

export function NodeSettings({ node }: { node: GraphNode }) {
  const { dispatch, isReadOnly, kinds } = useEditor();
  const change: Change = (changes) => dispatch({ type: "change", id: node.id, changes });
  const kind = kinds.get(node.type);
  return (
    <fieldset disabled={isReadOnly} className="grid min-w-0 gap-4">
      <Field label={t("Name")} dir="auto" maxLength={255} placeholder={kind?.name} value={node.name ?? ""} onChange={(event) => change({ name: event.target.value })} />
      <Identifier key={node.id} node={node} />
      {kind?.kind !== "trigger" && <Failing node={node} change={change} />}
      <Switch label={t("Disabled")} hint={t("It is passed over: its input goes on as its output.")} isOn={node.disabled ?? false} onChange={(disabled) => change({ disabled })} />
      <Switch
        label={t("Keep its values out of executions")}
        hint={t("What it gets and gives is not shown anywhere.")}
        isOn={node.redact ?? false}
        onChange={(redact) => change({ redact })}
      />
      <Pinned node={node} change={change} />
      <AreaField label={t("Notes")} rows={2} value={node.notes ?? ""} onChange={(event) => change({ notes: event.target.value })} />
    </fieldset>
  );
}

/** The node's id, which expressions name; they follow when it is changed. */
function Identifier({ node }: { node: GraphNode }) {
  const { state, dispatch } = useEditor();
  const [text, setText] = useState(node.id);
  const isTaken = state.present.nodes.some((each) => each.id === text && each !== node);
  const problem = !ID.test(text) ? t("Letters, digits, - and _ only.") : isTaken && text !== node.id ? t("Another node has it.") : undefined;
  const finish = (): void => {
    if (problem) setText(node.id);
    else if (text !== node.id) dispatch({ type: "rename", id: node.id, to: text });
  };
  return (
    <Field
      label={t("Id")}
      hint={t("Expressions read what it gave as {path}.", { path: `${output(node.id)}.output` })}
      problem={problem}
      value={text}
      onChange={(event) => setText(event.target.value)}
      onBlur={finish}
      onKeyDown={(event) => event.key === "Enter" && finish()}
      className="font-mono"
    />
  );
}

function Failing({ node, change }: PartProps) {
  const { retry } = node;
  const problems = useProblems(node);
  const number = (text: string): number | null => (text === "" || Number.isNaN(Number(text)) ? null : Number(text));
  return (
    <>
      <SelectField label={t("When it fails")} value={node.on_error ?? "fail"} onChange={(event) => change({ on_error: event.target.value as "fail" })}>
        <option value="fail">{t("The execution fails")}</option>
        <option value="continue">{t("Go on with a value of its own")}</option>
        <option value="branch">{t("Go on by the port “error”")}</option>
      </SelectField>
      {node.on_error === "continue" && (
        <JsonField label={t("The value to go on with")} value={node.default_output ?? undefined} onChange={(value) => change({ default_output: value ?? null })} />
      )}
      <SelectField
        label={t("After a crash in the middle")}
        value={node.on_unknown_outcome ?? "repeat"}
        onChange={(event) => change({ on_unknown_outcome: event.target.value as "repeat" })}
      >
        <option value="repeat">{t("Do it again")}</option>
        <option value="fail">{t("Fail, rather than do it twice")}</option>
      </SelectField>
      <Field
        label={t("Timeout (seconds)")}
        type="number"
        min={0}
        step="any"
        problem={problems["timeout"]}
        placeholder={t("The type’s own")}
        value={node.timeout ?? ""}
        onChange={(event) => change({ timeout: number(event.target.value) })}
      />
      <Switch label={t("Try again when it fails")} isOn={Boolean(retry)} onChange={(isOn) => change({ retry: isOn ? { max_attempts: 3, delay_ms: 1000, backoff: "exponential" } : null })} />
      {retry && (
        <div className="grid grid-cols-2 gap-3 border-s-2 ps-3">
          <Field label={t("Tries in all")} type="number" min={1} max={20} value={retry.max_attempts ?? 3} onChange={(event) => change({ retry: { ...retry, max_attempts: number(event.target.value) ?? 1 } })} />
          <Field label={t("Pause (ms)")} type="number" min={0} value={retry.delay_ms ?? 1000} onChange={(event) => change({ retry: { ...retry, delay_ms: number(event.target.value) ?? 0 } })} />
          <SelectField label={t("Pauses")} value={retry.backoff ?? "exponential"} onChange={(event) => change({ retry: { ...retry, backoff: event.target.value as "fixed" } })}>
            <option value="exponential">{t("Each twice as long")}</option>
            <option value="fixed">{t("All alike")}</option>
          </SelectField>
        </div>
      )}
    </>
  );
}

/** What the node gives in tests. */
function Pinned({ node, change }: PartProps) {
  const { shown } = useEditor();
  const last = shown?.nodes[node.id]?.output;
  return (
    <div className="grid gap-2">
      <JsonField
        label={t("Pinned output")}
        hint={t("What it gives in test runs, without being run.")}
        value={node.pinned_output ?? undefined}
        onChange={(value) => change({ pinned_output: value ?? null })}
      />
      {last != null && (
        <Button className="justify-self-start" onClick={() => change({ pinned_output: last })}>
          {t("Pin what it gave")}
        </Button>
      )}
    </div>
  );
}
