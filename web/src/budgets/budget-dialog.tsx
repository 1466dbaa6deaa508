import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";

import { ModelPicker } from "@/agents/model-picker";
import { api, ApiError, type Schemas } from "@/api/client";
import { t } from "@/i18n";
import { useWorkspace } from "@/shell/workspace";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Field, FieldFrame, SelectField } from "@/ui/field";
import { Fresh } from "@/ui/fresh";
import { NumberField } from "@/ui/number-field";
import { SaveFailure } from "@/ui/save-failure";
import { timeZone } from "@/zone";

import { PERIODS, readBudget, SCOPES, scopesQuery, type Budget, type BudgetsSearch, type ScopeType } from "./queries";

type Changeable = Pick<Budget, "name" | "limit_cost" | "limit_tokens" | "soft_limit" | "on_soft" | "model" | "account_uuid">;
type Fixed = Pick<Budget, "scope_type" | "scope_uuid" | "period" | "timezone">;

interface BudgetDialogProps {
  budget?: Budget;
  /** What a new one is for. */
  scope: BudgetsSearch;
  onClose: () => void;
}

/** Makes a budget, or changes `budget`, of which scope, period and time zone stay. */
export function BudgetDialog({ budget, scope, onClose }: BudgetDialogProps) {
  const { uuid } = useWorkspace();
  const title = budget ? t("Change {name}", { name: budget.name }) : t("New budget");
  return (
    <Dialog title={title} className="max-h-[90dvh] overflow-y-auto" onClose={onClose}>
      {budget ? (
        <Fresh uuid={budget.uuid} read={(signal) => readBudget(uuid, budget.uuid, signal)}>
          {({ item, etag }, reload) => <BudgetForm budget={item} etag={etag} onReload={reload} scope={scope} onClose={onClose} />}
        </Fresh>
      ) : (
        <BudgetForm scope={scope} onClose={onClose} />
      )}
    </Dialog>
  );
}

interface BudgetFormProps extends BudgetDialogProps {
  etag?: string;
  onReload?: () => void;
}

function BudgetForm({ budget, etag = "", scope, onReload = () => undefined, onClose }: BudgetFormProps) {
  const { uuid } = useWorkspace();
  const client = useQueryClient();
  const [wanted, setWanted] = useState<Changeable>(() => changeable(budget));
  const [fixed, setFixed] = useState<Fixed>({
    scope_type: scope.scope_type ?? "workspace",
    scope_uuid: scope.scope_uuid ?? null,
    period: "month",
    timezone: timeZone(),
  });
  const change = (changes: Partial<Changeable>): void => setWanted((present) => ({ ...present, ...changes }));
  const save = useMutation({
    mutationFn: (): Promise<unknown> => {
      const query = { workspace_uuid: uuid };
      if (budget) {
        const body = wanted as Schemas["BudgetUpdate"];
        const params = { path: { budget_uuid: budget.uuid }, query, header: { "If-Match": etag } };
        return api.PUT("/api/v1/budgets/{budget_uuid}", { params, body });
      }
      return api.POST("/api/v1/budgets", { params: { query }, body: { ...wanted, ...fixed } as Schemas["BudgetCreate"] });
    },
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ["budgets", uuid] });
      onClose();
    },
  });
  const problems = save.error instanceof ApiError ? save.error.problems : {};
  const shown = new Set(["name", "scope_uuid", "timezone", "limit_cost", "limit_tokens", "soft_limit", "model"]);
  const isElsewhere = save.isError && !Object.keys(problems).some((path) => shown.has(path));
  const hasNoLimit = wanted.limit_cost === null && wanted.limit_tokens === null;
  const onSubmit = (event: FormEvent): void => {
    event.preventDefault();
    save.mutate();
  };
  return (
    <form className="grid gap-4" onSubmit={onSubmit}>
      <Field label={t("Name")} required maxLength={255} value={wanted.name} problem={problems["name"]} onChange={(event) => change({ name: event.target.value })} />
      {!budget && (
        <FixedFields
          value={fixed}
          isBound={scope.scope_uuid !== undefined}
          change={(changes) => setFixed((present) => ({ ...present, ...changes }))}
          problems={problems}
        />
      )}
      <div className="grid grid-cols-2 gap-4">
        <NumberField
          label={t("US dollars")}
          hint={t("At least one of the two.")}
          min={0}
          step="any"
          placeholder={t("Unlimited")}
          value={wanted.limit_cost}
          problem={problems["limit_cost"]}
          onChange={(limit_cost) => change({ limit_cost })}
        />
        <NumberField
          label={t("Tokens")}
          min={1}
          placeholder={t("Unlimited")}
          value={wanted.limit_tokens}
          problem={problems["limit_tokens"]}
          onChange={(limit_tokens) => change({ limit_tokens })}
        />
      </div>
      <SoftFields value={wanted} change={change} problems={problems} />
      {isElsewhere && <SaveFailure error={save.error} onReload={onReload} />}
      <div className="flex justify-end gap-2">
        <Button onClick={onClose}>{t("Cancel")}</Button>
        <Button kind="primary" type="submit" disabled={save.isPending || hasNoLimit}>
          {t("Save")}
        </Button>
      </div>
    </form>
  );
}

function changeable(budget: Budget | undefined): Changeable {
  if (!budget) return { name: "", limit_cost: null, limit_tokens: null, soft_limit: null, on_soft: "warn", model: null, account_uuid: null };
  const { name, limit_cost, limit_tokens, soft_limit, on_soft, model, account_uuid } = budget;
  return { name, limit_cost, limit_tokens, soft_limit, on_soft, model, account_uuid };
}

interface FieldsProps<Value> {
  value: Value;
  change: (changes: Partial<Value>) => void;
  problems: Readonly<Record<string, string>>;
}

/** What stays as it is made. */
function FixedFields({ value, change, problems, isBound }: FieldsProps<Fixed> & { isBound: boolean }) {
  const { uuid } = useWorkspace();
  const scopes = useQuery(scopesQuery(uuid, value.scope_type));
  return (
    <>
      {!isBound && (
        <SelectField
          label={t("Whose spending counts")}
          value={value.scope_type}
          onChange={(event) => change({ scope_type: event.target.value as ScopeType, scope_uuid: null })}
        >
          {Object.entries(SCOPES).map(([type, { label }]) => (
            <option key={type} value={type}>
              {t(label)}
            </option>
          ))}
        </SelectField>
      )}
      {!isBound && value.scope_type !== "workspace" && (
        <SelectField
          label={t(SCOPES[value.scope_type].label)}
          required
          value={value.scope_uuid ?? ""}
          problem={problems["scope_uuid"]}
          onChange={(event) => change({ scope_uuid: event.target.value || null })}
        >
          <option value="">{t("Not set")}</option>
          {scopes.data?.map((each) => (
            <option key={each.uuid} value={each.uuid}>
              {each.name}
            </option>
          ))}
        </SelectField>
      )}
      <div className="grid grid-cols-2 gap-4">
        <SelectField label={t("Period")} value={value.period} onChange={(event) => change({ period: event.target.value as Budget["period"] })}>
          {Object.entries(PERIODS).map(([period, { label }]) => (
            <option key={period} value={period}>
              {t(label)}
            </option>
          ))}
        </SelectField>
        {value.period !== "total" && (
          <Field label={t("Time zone")} required value={value.timezone} problem={problems["timezone"]} onChange={(event) => change({ timezone: event.target.value })} />
        )}
      </div>
    </>
  );
}

/** What happens before all is used. */
function SoftFields({ value, change, problems }: FieldsProps<Changeable>) {
  const percent = value.soft_limit === null ? null : Math.round(value.soft_limit * 1000) / 10;
  return (
    <>
      <div className="grid grid-cols-2 gap-4">
        <NumberField
          label={t("Soft limit, in %")}
          min={1}
          max={99}
          step="any"
          placeholder={t("None")}
          value={percent}
          problem={problems["soft_limit"]}
          onChange={(part) => change(part === null ? { soft_limit: null, on_soft: "warn", model: null, account_uuid: null } : { soft_limit: part / 100 })}
        />
        {value.soft_limit !== null && (
          <SelectField
            label={t("Past it")}
            value={value.on_soft}
            onChange={(event) => change({ on_soft: event.target.value as Budget["on_soft"], model: null, account_uuid: null })}
          >
            <option value="warn">{t("Warn")}</option>
            <option value="use_model">{t("Use a cheaper model")}</option>
          </SelectField>
        )}
      </div>
      {value.soft_limit !== null && value.on_soft === "use_model" && (
        <FieldFrame label={t("The cheaper model")} problem={problems["model"]}>
          {({ id }) => <ModelPicker id={id} label={t("The cheaper model")} none={t("Not set")} value={value.model} onChange={(model) => change({ model, account_uuid: null })} />}
        </FieldFrame>
      )}
    </>
  );
}
