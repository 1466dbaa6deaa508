import { Link, useRouter } from "@tanstack/react-router";
import { Compass } from "lucide-react";

import { t } from "@/i18n";
import { Empty, Failure } from "@/ui/state";

export function NotFoundPage() {
  return (
    <main className="flex min-h-dvh items-center justify-center">
      <Empty icon={<Compass aria-hidden />} title={t("There is nothing at this address")}>
        <Link to="/" className="text-accent-ink underline">
          {t("Go to the start")}
        </Link>
      </Empty>
    </main>
  );
}

export function FailurePage({ error }: { error: unknown }) {
  const router = useRouter();
  return (
    <main className="flex min-h-dvh items-center justify-center p-4">
      <Failure error={error} onRetry={() => void router.invalidate()} className="w-full max-w-md" />
    </main>
  );
}
