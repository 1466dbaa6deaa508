import { Check, Copy } from "lucide-react";
import { useState } from "react";

import { t } from "@/i18n";
import { Button } from "@/ui/button";
import { copyText } from "@/ui/clipboard";

/** A secret that is shown this once, to be copied. */
export function Once({ label, secret }: { label: string; secret: string }) {
  const [isCopied, setCopied] = useState(false);
  return (
    <div className="flex flex-col gap-2 rounded-xl border bg-accent-soft p-4" role="status">
      <p className="text-accent-ink">{t("Copy it now: it is not shown again.")}</p>
      <div className="flex flex-wrap items-center gap-2">
        <code aria-label={label} role="textbox" aria-readonly tabIndex={0} className="min-w-0 flex-1 rounded-lg border bg-canvas px-3 py-2 break-all select-all">
          {secret}
        </code>
        <Button onClick={() => void copyText(secret).then(() => setCopied(true))}>
          {isCopied ? <Check aria-hidden /> : <Copy aria-hidden />}
          {isCopied ? t("Copied") : t("Copy")}
        </Button>
      </div>
    </div>
  );
}
