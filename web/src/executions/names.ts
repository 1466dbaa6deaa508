import { t } from "@/i18n";

import type { Execution } from "./queries";

export function nameOf(execution: Execution): string {
  return execution.workflow?.name ?? t("A deleted workflow");
}
