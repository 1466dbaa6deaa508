/** What stands beside the canvas about the workflow itself. */
import { t } from "@/i18n";
import { useWorkspace } from "@/shell/workspace";
import { AreaField, Field, SelectField, Switch, TagsField } from "@/ui/field";
import { JsonField } from "@/ui/json-field";
import { IconButton, Button } from "@/ui/button";
import { Listing } from "@/ui/listing";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Plus, Trash2 } from "lucide-react";
import { useMemo } from "react";

import type { Schemas } from "@/api/client";
import { Budgets } from "@/budgets/budgets";
import type { BudgetsSearch } from "@/budgets/queries";
import { formatNumber, formatTime } from "@/format";

import { useEditor } from "./editor-context";
import { StateBadge } from "./looks";
import { NamedValue } from "./node-form";
import { ProblemList } from "./problems";
import { executionsQuery } from "./queries";
import type { Panel } from "./routes";
import { SidePanel } from "./side-panel";
import { Versions } from "./versions";
import { WebhookDetails } from "./webhook-details";

const TITLES: Readonly<Record<Panel, { label: string }>> = {
  workflow: { label: "Settings and variables" },
  versions: { label: "Versions" },
  executions: { label: "Executions" },
  webhook: { label: "Webhook" },
  problems: { label: "Problems" },
};

export function WorkflowPanel({ panel, onClose }: { panel: Panel; onClose: () => void }) {
  return (
    <SidePanel title={t(TITLES[panel].label)} onClose={onClose}>
      {panel === "workflow" && (
        <>
          <Settings />
          <Spending />
        </>
      )}
      {panel === "versions" && <Versions />}
      {panel === "executions" && <Executions />}
      {panel === "webhook" && <WebhookDetails />}
      {panel === "problems" && <ProblemList />}
    </SidePanel>
  );
}

/** What all executions together may spend. */
function Spending() {
  const { workflow } = useEditor();
  const { may } = useWorkspace();
  const search = useMemo((): BudgetsSearch => ({ scope_type: "workflow", scope_uuid: workflow.uuid }), [workflow.uuid]);
  return may("budgets.view") && <Budgets search={search} about={t("What all executions together may spend.")} />;
}

function Settings() {
  const { state, dispatch, isReadOnly } = useEditor();
  const { present } = state;
  const { settings } = present;
  const set = (changes: Partial<Schemas["WorkflowSettings"]>): void =>
    dispatch({ type: "describe", changes: { settings: { ...settings, ...changes } } });
  const number = (text: string): number | null => (text === "" || Number.isNaN(Number(text)) ? null : Number(text));
  return (
    <fieldset disabled={isReadOnly} className="grid min-w-0 gap-4">
      <Field label={t("Name")} dir="auto" required maxLength={255} value={present.name} onChange={(event) => dispatch({ type: "describe", changes: { name: event.target.value } })} />
      <AreaField label={t("Description")} rows={2} value={present.description} onChange={(event) => dispatch({ type: "describe", changes: { description: event.target.value } })} />
      <TagsField label={t("Tags")} values={present.tags} onChange={(tags) => dispatch({ type: "describe", changes: { tags } })} />
      <Variables />
      <Field label={t("Timeout (seconds)")} hint={t("How long one execution may be at work; waits do not count.")} type="number" min={0} step="any" value={settings.timeout_seconds ?? ""} onChange={(event) => set({ timeout_seconds: number(event.target.value) })} />
      <Field label={t("Budget (US dollars)")} hint={t("What one execution may cost.")} type="number" min={0} step="any" value={settings.budget ?? ""} onChange={(event) => set({ budget: number(event.target.value) })} />
      <Switch label={t("Limit executions at a time")} isOn={Boolean(settings.concurrency)} onChange={(isOn) => set({ concurrency: isOn ? { limit: 1, key: null } : null })} />
      {settings.concurrency && (
        <div className="grid gap-3 border-s-2 ps-3">
          <Field label={t("At a time")} type="number" min={1} max={1000} value={settings.concurrency.limit ?? 1} onChange={(event) => set({ concurrency: { ...settings.concurrency, limit: number(event.target.value) ?? 1 } })} />
          <Field label={t("Counted apart by")} className="font-mono" placeholder="{{ trigger.input.customer }}" value={settings.concurrency.key ?? ""} onChange={(event) => set({ concurrency: { ...settings.concurrency, key: event.target.value || null } })} />
        </div>
      )}
      <NamedValue
        schema={{}}
        path="settings.error_workflow_uuid"
        field="error_workflow_uuid"
        label={t("Workflow to start when one fails")}
        hint={undefined}
        problem={undefined}
        value={settings.error_workflow_uuid ?? undefined}
        onChange={(value) => set({ error_workflow_uuid: typeof value === "string" ? value : null })}
      />
      <JsonField label={t("Schema of the output")} hint={t("JSON Schema, for who calls it and reads about it.")} value={settings.output_schema ?? undefined} onChange={(value) => set({ output_schema: (value as Record<string, unknown> | undefined) ?? null })} />
    </fieldset>
  );
}

const TYPES = ["string", "number", "integer", "boolean", "array", "object"] as const;

function Variables() {
  const { state, dispatch, isReadOnly } = useEditor();
  const { variables } = state.present;
  const change = (changed: readonly Schemas["WorkflowVariable"][]): void => dispatch({ type: "describe", changes: { variables: changed } });
  return (
    <section aria-label={t("Variables")} className="grid gap-2">
      <h3 className="font-medium">{t("Variables")}</h3>
      {variables.map((variable, at) => {
        const set = (changes: Partial<Schemas["WorkflowVariable"]>): void => change(variables.with(at, { ...variable, ...changes }));
        return (
          <div key={at} className="grid gap-3 rounded-lg border p-3">
            <div className="flex items-end gap-2">
              <div className="min-w-0 flex-1">
                <Field label={t("Name")} className="font-mono" value={variable.name} onChange={(event) => set({ name: event.target.value })} />
              </div>
              <SelectField label={t("Type")} value={variable.type ?? "string"} onChange={(event) => set({ type: event.target.value as "string" })}>
                {TYPES.map((type) => (
                  <option key={type}>{type}</option>
                ))}
              </SelectField>
              {!isReadOnly && (
                <IconButton label={t("Remove {name}", { name: variable.name })} className="mb-1" onClick={() => change(variables.toSpliced(at, 1))}>
                  <Trash2 />
                </IconButton>
              )}
            </div>
            <JsonField label={t("Default")} rows={1} value={variable.default ?? undefined} onChange={(value) => set({ default: value ?? null })} />
            <Switch label={t("Required")} isOn={variable.required ?? false} onChange={(required) => set({ required })} />
          </div>
        );
      })}
      {!isReadOnly && (
        <Button className="justify-self-start" onClick={() => change([...variables, { name: `variable_${variables.length + 1}`, type: "string" }])}>
          <Plus aria-hidden /> {t("Add a variable")}
        </Button>
      )}
    </section>
  );
}

function Executions() {
  const { workflow } = useEditor();
  const { uuid } = useWorkspace();
  const query = useInfiniteQuery(executionsQuery(uuid, workflow.uuid));
  return (
    <Listing query={query} empty={<p className="text-muted">{t("It was not run yet.")}</p>}>
      {(executions) => (
        <ul className="grid gap-1">
          {executions.map((execution) => (
            <li key={execution.uuid}>
              <Link
                to="/w/$workspace/workflows/$workflow"
                params={{ workspace: uuid, workflow: workflow.uuid }}
                search={{ execution: execution.uuid, panel: "executions" }}
                className="flex items-center gap-3 rounded-lg px-2 py-2 hover:bg-hover"
              >
                <StateBadge status={execution.status} />
                <span className="min-w-0 flex-1 truncate">{formatTime(execution.created_at)}</span>
                {execution.duration_ms !== null && <span className="text-xs text-muted">{formatNumber(execution.duration_ms)} ms</span>}
              </Link>
            </li>
          ))}
        </ul>
      )}
    </Listing>
  );
}
