/** Saves what a form holds, tells what stands in the way of it, and asks before it is lost. */
import { useBlocker } from "@tanstack/react-router";

import { t } from "@/i18n";

import { Button } from "./button";
import { Confirm } from "./confirm";
import { SaveFailure } from "./save-failure";

interface SaveBarProps {
  isChanged: boolean;
  isSaving: boolean;
  /** Why it could not be saved. */
  error: unknown;
  onSave: () => void;
  /** Throws the changes away. */
  onDiscard: () => void;
  /** Has what is saved now read again, after somebody else changed it. */
  onReload: () => void;
}

/** Stands at the end of the page while there is something to save. */
export function SaveBar({ isChanged, isSaving, error, onSave, onDiscard, onReload }: SaveBarProps) {
  if (!isChanged) return null;
  return (
    <div className="sticky bottom-0 z-10 -mx-4 mt-auto grid gap-2 border-t bg-canvas px-4 py-3">
      <SaveFailure error={error} onReload={onReload} />
      <div className="flex flex-wrap items-center justify-end gap-2">
        <p className="me-auto text-muted">{t("There are changes that are not saved.")}</p>
        <Button onClick={onDiscard} disabled={isSaving}>
          {t("Discard")}
        </Button>
        <Button kind="primary" onClick={onSave} disabled={isSaving}>
          {t("Save")}
        </Button>
      </div>
    </div>
  );
}

/** Asks before a page is left whose changes are not saved. */
export function Leaving({ isChanged }: { isChanged: boolean }) {
  const blocker = useBlocker({ shouldBlockFn: () => isChanged, enableBeforeUnload: isChanged, withResolver: true });
  if (blocker.status !== "blocked") return null;
  return (
    <Confirm
      title={t("Leave without saving?")}
      action={t("Leave")}
      onConfirm={async () => blocker.proceed()}
      onClose={() => blocker.reset()}
    >
      {t("What you changed here is not saved, and would be lost.")}
    </Confirm>
  );
}
