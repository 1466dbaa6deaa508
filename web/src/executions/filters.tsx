import { useQuery } from "@tanstack/react-query";
import { ListFilter, Workflow, X } from "lucide-react";
import { useState } from "react";

import { t } from "@/i18n";
import { useWorkspace } from "@/shell/workspace";
import { Button } from "@/ui/button";
import { cn } from "@/ui/classes";
import { Input, Select } from "@/ui/field";
import { Picker } from "@/ui/picker";
import { SearchField } from "@/ui/search-field";

import { workflowNamesQuery, workflowQuery } from "./queries";
import { oneOf, PERIODS, TRIGGERS, type ExecutionFilters, type Period } from "./search";
import { triggerName } from "./status";

const PERIOD_NAMES: Record<Period, { label: string }> = {
  hour: { label: "Last hour" },
  day: { label: "Last 24 hours" },
  week: { label: "Last 7 days" },
  month: { label: "Last 30 days" },
};
const DURATIONS = [
  { seconds: 1, label: "Longer than a second" },
  { seconds: 10, label: "Longer than 10 seconds" },
  { seconds: 60, label: "Longer than a minute" },
  { seconds: 600, label: "Longer than 10 minutes" },
];

interface FiltersProps {
  filters: ExecutionFilters;
  /** A filter without a value is taken away. */
  onChange: (changes: { [Name in keyof ExecutionFilters]: ExecutionFilters[Name] | undefined }) => void;
  onClear: () => void;
}

export function Filters({ filters, onChange, onClear }: FiltersProps) {
  const [isUnfolded, setUnfolded] = useState(false);
  const isNarrowed = Object.keys(filters).some((name) => name !== "status");
  return (
    <div className="flex flex-wrap items-center gap-2" role="search" aria-label={t("Filters")}>
      <SearchField label={t("Search input, output, errors")} value={filters.search ?? ""} onSearch={(search) => onChange({ search })} />
      <Button className="md:hidden" aria-expanded={isUnfolded} onClick={() => setUnfolded(!isUnfolded)}>
        <ListFilter aria-hidden />
        {t("Filters")}
      </Button>
      <div className={cn("contents", !isUnfolded && "max-md:hidden")}>
        <WorkflowFilter value={filters.workflow} onChange={(workflow) => onChange({ workflow })} />
        <Select
          aria-label={t("Trigger")}
          className="h-9 w-auto"
          value={filters.trigger ?? ""}
          onChange={(event) => onChange({ trigger: oneOf(TRIGGERS, event.target.value) })}
        >
          <option value="">{t("Any trigger")}</option>
          {TRIGGERS.map((each) => (
            <option key={each} value={each}>
              {triggerName(each)}
            </option>
          ))}
        </Select>
        <PeriodFilter filters={filters} onChange={onChange} />
        <Select
          aria-label={t("Duration")}
          className="h-9 w-auto"
          value={filters.longer ?? ""}
          onChange={(event) => onChange({ longer: event.target.value ? Number(event.target.value) : undefined })}
        >
          <option value="">{t("Any duration")}</option>
          {DURATIONS.map((each) => (
            <option key={each.seconds} value={each.seconds}>
              {t(each.label)}
            </option>
          ))}
        </Select>
        <ErrorFilter key={filters.error} value={filters.error ?? ""} onChange={(error) => onChange({ error: error || undefined })} />
      </div>
      {isNarrowed && (
        <Button kind="ghost" onClick={onClear}>
          <X aria-hidden />
          {t("Clear filters")}
        </Button>
      )}
    </div>
  );
}

type Times = Pick<ExecutionFilters, "period" | "from" | "to">;

interface PeriodFilterProps {
  filters: Times;
  onChange: (changes: { [Name in keyof Times]: Times[Name] | undefined }) => void;
}

/** The time until now, or some days. */
export function PeriodFilter({ filters, onChange }: PeriodFilterProps) {
  const [isOpen, setOpen] = useState(false);
  const isOwn = isOpen || filters.from !== undefined || filters.to !== undefined;
  const choose = (chosen: string): void => {
    setOpen(chosen === "own");
    onChange({ period: oneOf(Object.keys(PERIODS) as Period[], chosen), from: undefined, to: undefined });
  };
  return (
    <>
      <Select aria-label={t("Time")} className="h-9 w-auto" value={filters.period ?? (isOwn ? "own" : "")} onChange={(event) => choose(event.target.value)}>
        <option value="">{t("Any time")}</option>
        {Object.entries(PERIOD_NAMES).map(([period, each]) => (
          <option key={period} value={period}>
            {t(each.label)}
          </option>
        ))}
        <option value="own">{t("From … to …")}</option>
      </Select>
      {isOwn && (
        <>
          <Input type="date" aria-label={t("From")} className="h-9 w-auto" value={filters.from ?? ""} onChange={(event) => onChange({ from: event.target.value || undefined })} />
          <Input type="date" aria-label={t("To")} className="h-9 w-auto" value={filters.to ?? ""} onChange={(event) => onChange({ to: event.target.value || undefined })} />
        </>
      )}
    </>
  );
}

function ErrorFilter({ value, onChange }: { value: string; onChange: (code: string) => void }) {
  const [text, setText] = useState(value);
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        onChange(text.trim());
      }}
    >
      <Input
        aria-label={t("Error code")}
        placeholder={t("Error code")}
        spellCheck={false}
        className="h-9 w-32"
        value={text}
        onChange={(event) => setText(event.target.value)}
        onBlur={() => text.trim() !== value && onChange(text.trim())}
      />
    </form>
  );
}

const ANY = "";

function WorkflowFilter({ value, onChange }: { value: string | undefined; onChange: (workflow: string | undefined) => void }) {
  const { uuid } = useWorkspace();
  const [search, setSearch] = useState("");
  const { data: found } = useQuery(workflowNamesQuery(uuid, search));
  const { data: name } = useQuery({ ...workflowQuery(uuid, value ?? ""), enabled: value !== undefined });
  const options = (found ?? []).map((each) => ({ value: each.uuid, label: each.name }));
  return (
    <Picker
      label={t("Workflow")}
      icon={<Workflow aria-hidden />}
      shown={value === undefined ? t("Any workflow") : (name ?? "…")}
      value={value ?? ANY}
      options={[{ value: ANY, label: t("Any workflow") }, ...options]}
      onSearch={setSearch}
      onPick={(picked) => onChange(picked || undefined)}
      empty={t("Nothing is called so.")}
    />
  );
}
