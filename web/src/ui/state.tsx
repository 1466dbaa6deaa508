/** What is shown where there is nothing yet, nothing at all, or an error. */
import { LoaderCircle, TriangleAlert } from "lucide-react";
import type { ReactNode } from "react";

import { ApiError } from "@/api/client";
import { t } from "@/i18n";

import { Button } from "./button";
import { cn } from "./classes";

export function Spinner({ label, className }: { label?: string; className?: string }) {
  return (
    <span role="status" className={cn("inline-flex items-center gap-2 text-muted", className)}>
      <LoaderCircle className="size-4 animate-spin" aria-hidden />
      {label ?? <span className="sr-only">{t("Loading")}</span>}
    </span>
  );
}

export function messageOf(error: unknown): string {
  if (error instanceof ApiError) return error.status === 0 ? t("Athena cannot be reached. Is it running?") : error.message;
  return t("Something went wrong in this page. Reload it.");
}

interface FailureProps {
  error: unknown;
  onRetry?: (() => void) | undefined;
  className?: string;
}

/** What happened, how it can be looked up, and what to do. */
export function Failure({ error, onRetry, className }: FailureProps) {
  const id = error instanceof ApiError ? error.requestId : null;
  return (
    <div role="alert" className={cn("flex items-start gap-3 rounded-lg bg-danger-soft p-3 text-danger", className)}>
      <TriangleAlert className="mt-0.5 size-4 shrink-0" aria-hidden />
      <div className="min-w-0 flex-1">
        <p className="break-words">{messageOf(error)}</p>
        {id && (
          <p className="mt-0.5 text-xs">
            {t("Request")} <code className="break-all select-all">{id}</code>
          </p>
        )}
      </div>
      {onRetry && (
        <Button onClick={onRetry} className="h-8">
          {t("Try again")}
        </Button>
      )}
    </div>
  );
}

interface EmptyProps {
  icon: ReactNode;
  title: string;
  children: ReactNode;
}

export function Empty({ icon, title, children }: EmptyProps) {
  return (
    <div className="flex flex-col items-center gap-2 px-6 py-10 text-center text-muted [&>svg]:size-6">
      {icon}
      <p className="font-medium text-ink">{title}</p>
      <div>{children}</div>
    </div>
  );
}
