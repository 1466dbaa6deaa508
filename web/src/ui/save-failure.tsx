import { ApiError } from "@/api/client";
import { t } from "@/i18n";

import { Button } from "./button";
import { Failure } from "./state";

interface SaveFailureProps {
  /** Why it could not be saved; `null`: nothing stands in the way. */
  error: unknown;
  /** Has what is saved now read again, after somebody else changed it. */
  onReload: () => void;
}

/** Why something could not be saved; where somebody else changed it meanwhile, how to go on. */
export function SaveFailure({ error, onReload }: SaveFailureProps) {
  if (error === null) return null;
  if (!isOutdated(error)) return <Failure error={error} />;
  return (
    <div role="alert" className="flex flex-wrap items-center gap-2 rounded-lg bg-warning-soft p-3 text-warning">
      <p className="min-w-0 flex-1">{t("Somebody changed this meanwhile. Load it to go on from there; your changes are lost.")}</p>
      <Button onClick={onReload}>{t("Load it")}</Button>
    </div>
  );
}

/** Whether a change was refused because it did not know of another one. */
export function isOutdated(error: unknown): boolean {
  return error instanceof ApiError && error.status === 412;
}
