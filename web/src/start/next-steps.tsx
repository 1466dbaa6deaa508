/** What an empty chat offers: the guided start where nothing was said yet, and else what to do next. */
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Plug, Rocket, X } from "lucide-react";
import { useState } from "react";

import { threadsQuery } from "@/api/queries";
import { t } from "@/i18n";
import { useWorkspace } from "@/shell/workspace";
import { IconButton } from "@/ui/button";

const DISMISSED = "athena.start.dismissed";
const CARD = "flex items-center gap-3 rounded-xl border bg-raised p-3 hover:bg-hover [&>svg]:size-5 [&>svg]:shrink-0 [&>svg]:text-accent-ink";

export function NextSteps() {
  const { uuid, may } = useWorkspace();
  const threads = useInfiniteQuery(threadsQuery(uuid, ""));
  const [isDismissed, setDismissed] = useState(() => localStorage.getItem(`${DISMISSED}.${uuid}`) !== null);
  const isFirst = threads.data?.pages[0]?.data.length === 0;
  if (!may("agents.create") || threads.data === undefined || isDismissed) return null;
  const dismiss = (): void => {
    localStorage.setItem(`${DISMISSED}.${uuid}`, "yes");
    setDismissed(true);
  };
  return (
    <div className="mx-auto flex w-full max-w-sm items-center gap-1">
      {isFirst ? (
        <Link to="/w/$workspace/start" params={{ workspace: uuid }} className={`${CARD} flex-1`}>
          <Rocket aria-hidden />
          <span>
            <span className="block font-medium">{t("Guided start")}</span>
            <span className="text-muted">{t("A model, an agent, and a first answer in a minute.")}</span>
          </span>
        </Link>
      ) : (
        <Link to="/w/$workspace/providers" params={{ workspace: uuid }} className={`${CARD} flex-1`}>
          <Plug aria-hidden />
          <span>
            <span className="block font-medium">{t("Connect a provider")}</span>
            <span className="text-muted">{t("Have other models answer.")}</span>
          </span>
        </Link>
      )}
      <IconButton label={t("Dismiss")} onClick={dismiss}>
        <X />
      </IconButton>
    </div>
  );
}
