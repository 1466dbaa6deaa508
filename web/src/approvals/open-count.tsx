import { useQuery } from "@tanstack/react-query";

import { formatNumber } from "@/format";
import { t } from "@/i18n";
import { useWorkspace } from "@/shell/workspace";

import { MOST_COUNTED, openCountQuery } from "./queries";

/** How many questions wait, beside the page's name in the sidebar. */
export function OpenCount() {
  const { uuid } = useWorkspace();
  const { data: count = 0 } = useQuery(openCountQuery(uuid));
  if (count === 0) return null;
  return (
    <span className="ms-auto rounded-full bg-accent px-1.5 text-xs font-semibold text-white tabular-nums">
      {count > MOST_COUNTED ? `${MOST_COUNTED}+` : formatNumber(count)}
      <span className="sr-only"> {t("open")}</span>
    </span>
  );
}
