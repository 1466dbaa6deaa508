import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";

import type { Schemas } from "@/api/client";
import { formatNumber, formatPercent } from "@/format";
import { t } from "@/i18n";
import { useWorkspace } from "@/shell/workspace";
import { Badge, type Tone } from "@/ui/badge";
import { Button } from "@/ui/button";
import { Skeleton } from "@/ui/listing";
import { Section } from "@/ui/page";
import { Failure } from "@/ui/state";
import { Table, type Column } from "@/ui/table";

import { RESULTS } from "./evaluation-results";
import { comparisonQuery } from "./queries";

type Item = Schemas["ComparedItem"];

const route = getRouteApi("/w/$workspace/agents/$agent/evaluations");
const CHANGES: Record<Item["change"], { label: string; tone: Tone }> = {
  improved: { label: "Better", tone: "success" },
  regressed: { label: "Worse", tone: "danger" },
  same: { label: "The same", tone: "neutral" },
  incomparable: { label: "Not comparable", tone: "warning" },
};

/** Two evaluations of one dataset, question by question. */
export function ComparisonView({ a, b }: { a: string; b: string }) {
  const { uuid } = useWorkspace();
  const navigate = route.useNavigate();
  const query = useQuery(comparisonQuery(uuid, a, b));
  if (query.isError) return <Failure error={query.error} onRetry={() => void query.refetch()} />;
  if (query.isPending) return <Skeleton />;
  const found = query.data;
  const columns: Column<Item>[] = [
    { id: "input", label: "Input", show: ({ input }) => <span dir="auto" className="line-clamp-2">{input}</span>, className: "max-w-96" },
    { id: "a", label: "Before", show: (each) => <Result result={each.a} /> },
    { id: "b", label: "After", show: (each) => <Result result={each.b} /> },
    { id: "change", label: "Change", show: ({ change }) => <Badge tone={CHANGES[change].tone}>{t(CHANGES[change].label)}</Badge> },
  ];
  return (
    <Section
      title={t("Version {number} compared with version {other}", { number: found.b.agent_version, other: found.a.agent_version })}
      about={
        <>
          {t("{improved} better, {regressed} worse, {same} the same.", {
            improved: formatNumber(found.improved),
            regressed: formatNumber(found.regressed),
            same: formatNumber(found.same),
          })}{" "}
          {found.difference && certainty(found.difference)}
        </>
      }
      actions={<Button onClick={() => void navigate({ search: { run: b } })}>{t("Back to the results")}</Button>}
    >
      <Table label={t("Comparison")} columns={columns} rows={found.items} keyOf={(each) => each.item_uuid} />
    </Section>
  );
}

function certainty({ value, low, high }: Schemas["Difference"]): string {
  const change = `${value > 0 ? "+" : ""}${formatPercent(value)}`;
  const isSure = low !== null && high !== null && (low > 0 || high < 0);
  return isSure ? t("Score {change}: more than luck.", { change }) : t("Score {change}: may be luck.", { change });
}

function Result({ result }: { result: Item["a"] }) {
  if (!result) return <span className="text-muted">–</span>;
  const { label, tone } = RESULTS[result.status];
  return (
    <span className="flex items-center gap-2">
      <Badge tone={tone}>{t(label)}</Badge>
      {result.score !== null && <span className="text-muted tabular-nums">{formatPercent(result.score)}</span>}
    </span>
  );
}
