import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { X } from "lucide-react";
import { useState } from "react";

import { Budgets } from "@/budgets/budgets";
import { given } from "@/api/lists";
import { t } from "@/i18n";
import { useWorkspace } from "@/shell/workspace";
import { Button } from "@/ui/button";
import { Input, Select } from "@/ui/field";
import { Page } from "@/ui/page";

import { Leaderboard } from "./leaderboard";
import { MetricView } from "./metric-view";
import { metricsQuery } from "./queries";
import { DAYS, INTERVALS, METRICS, oneNumber, type DashboardSearch, type Interval } from "./search";
import { Tiles } from "./tiles";

const route = getRouteApi("/w/$workspace/dashboards");
const INTERVAL_NAMES: Record<Interval, { label: string }> = {
  hour: { label: "By hour" },
  day: { label: "By day" },
  week: { label: "By week" },
  month: { label: "By month" },
};

type Changes = { [Name in keyof DashboardSearch]: DashboardSearch[Name] | undefined };

export function DashboardsPage() {
  const { uuid, may } = useWorkspace();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const metric = search.metric ?? METRICS[0];
  const query = useQuery(metricsQuery(uuid, metric, search));
  const show = (changes: Changes): void => void navigate({ search: given({ ...search, ...changes }), replace: true });
  return (
    <Page title={t("Dashboards")} about={query.data && t("Times of {zone}", { zone: query.data.timezone })} actions={<Period search={search} onChange={show} />}>
      <Tiles search={search} chosen={metric} onChoose={(chosen) => show({ metric: chosen, agent: undefined, workflow: undefined, model: undefined })} />
      {(search.agent ?? search.workflow ?? search.model) && (
        <Button kind="ghost" className="self-start" onClick={() => show({ agent: undefined, workflow: undefined, model: undefined })}>
          <X aria-hidden />
          {t("Show all again")}
        </Button>
      )}
      <MetricView metric={metric} search={search} query={query} onNarrow={show} />
      {may("agents.view") && <Leaderboard search={search} />}
      {may("budgets.view") && <Budgets />}
    </Page>
  );
}

function Period({ search, onChange }: { search: DashboardSearch; onChange: (changes: Changes) => void }) {
  const [isOpen, setOpen] = useState(false);
  const isOwn = isOpen || search.from !== undefined || search.to !== undefined;
  const choose = (chosen: string): void => {
    setOpen(chosen === "own");
    onChange({ days: oneNumber(DAYS, chosen), from: undefined, to: undefined });
  };
  return (
    <>
      <Select
        aria-label={t("Period")}
        className="h-9 w-auto"
        value={isOwn ? "own" : String(search.days ?? 30)}
        onChange={(event) => choose(event.target.value)}
      >
        {DAYS.map((days) => (
          <option key={days} value={days}>
            {days === 1 ? t("Today") : t("{count} days", { count: days })}
          </option>
        ))}
        <option value="own">{t("From … to …")}</option>
      </Select>
      {isOwn && (
        <>
          <Input type="date" aria-label={t("From")} className="h-9 w-auto" value={search.from ?? ""} onChange={(event) => onChange({ from: event.target.value || undefined })} />
          <Input type="date" aria-label={t("To")} className="h-9 w-auto" value={search.to ?? ""} onChange={(event) => onChange({ to: event.target.value || undefined })} />
        </>
      )}
      <Select
        aria-label={t("Interval")}
        className="h-9 w-auto"
        value={search.interval ?? (!isOwn && search.days === 1 ? "hour" : "day")}
        onChange={(event) => onChange({ interval: INTERVALS.find((each) => each === event.target.value) })}
      >
        {INTERVALS.map((each) => (
          <option key={each} value={each}>
            {t(INTERVAL_NAMES[each].label)}
          </option>
        ))}
      </Select>
    </>
  );
}
