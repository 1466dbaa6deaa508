/** What a node in a loop got and gave, pass by pass. */
import { useQuery } from "@tanstack/react-query";
import { ChevronLeft, ChevronRight } from "lucide-react";
import { useState } from "react";

import { formatNumber } from "@/format";
import { t } from "@/i18n";
import { useWorkspace } from "@/shell/workspace";
import { IconButton } from "@/ui/button";
import { Failure, Spinner } from "@/ui/state";

import { StateBadge } from "./looks";
import { passQuery } from "./queries";
import { ValueView } from "./result-view";

export function PassView({ execution, node, count }: { execution: string; node: string; count: number }) {
  const { uuid } = useWorkspace();
  const [chosen, setChosen] = useState(1);
  const number = Math.min(chosen, count);
  const query = useQuery(passQuery(uuid, execution, node, number));
  const pass = query.data;
  return (
    <section aria-label={t("Passes")} className="grid gap-3 border-t pt-3">
      <div className="flex items-center gap-1">
        <h3 className="me-auto flex items-center gap-2 font-medium tabular-nums">
          {pass ? t("Item {number}", { number: pass.path.join(".") }) : t("Passes")}
          {pass && <StateBadge status={pass.status} />}
        </h3>
        <IconButton label={t("The item before")} disabled={number === 1} onClick={() => setChosen(number - 1)}>
          <ChevronLeft className="rtl:-scale-x-100" />
        </IconButton>
        <span className="text-muted tabular-nums">
          {formatNumber(number)} / {formatNumber(count)}
        </span>
        <IconButton label={t("The next item")} disabled={number === count} onClick={() => setChosen(number + 1)}>
          <ChevronRight className="rtl:-scale-x-100" />
        </IconButton>
      </div>
      {query.isError && <Failure error={query.error} onRetry={() => void query.refetch()} />}
      {query.isPending && <Spinner />}
      {pass && (
        <div key={pass.path.join(".")} className="grid gap-4">
          {pass.error && <p className="rounded-lg bg-danger-soft p-3 break-words text-danger">{pass.error.message}</p>}
          <ValueView title={t("Input")} value={pass.input} />
          {Object.entries(pass.outputs).map(([port, value]) => (
            <ValueView key={port} title={port === "output" ? t("Output") : `${t("Output")}: ${port}`} value={value} />
          ))}
        </div>
      )}
    </section>
  );
}
