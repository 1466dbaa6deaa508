/** Offers the demo workspace: makes it, leads into it, and takes it away again. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Sparkles, Trash2 } from "lucide-react";
import { useState } from "react";

import { t } from "@/i18n";
import { useActions } from "@/shell/actions";
import { useWorkspace } from "@/shell/workspace";
import { Button } from "@/ui/button";
import { Confirm } from "@/ui/confirm";
import { Failure } from "@/ui/state";

import { findDemo, makeDemo, removeDemo } from "./demo";

const demoQuery = { queryKey: ["user", "demo"], queryFn: findDemo };

export function DemoOffer() {
  const { uuid, may } = useWorkspace();
  const { openWorkspace } = useActions();
  const client = useQueryClient();
  const demo = useQuery(demoQuery);
  const [isDeleting, setDeleting] = useState(false);
  const refresh = (): Promise<void> => client.invalidateQueries({ queryKey: ["user"] });
  const make = useMutation({
    mutationFn: makeDemo,
    onSuccess: async (made) => {
      await refresh();
      openWorkspace(made);
    },
  });
  const remove = async (): Promise<void> => {
    if (demo.data) await removeDemo(demo.data);
    // Where one is has to be there still.
    if (demo.data === uuid) location.assign("/");
    else await refresh();
  };
  if (!may("workspaces.create") || demo.data === undefined) return null;
  return (
    <section aria-label={t("Explore a demo")} className="flex flex-wrap items-center gap-3 rounded-xl border border-dashed p-4">
      <Sparkles className="size-5 shrink-0 text-accent-ink" aria-hidden />
      <div className="min-w-[min(16rem,100%)] flex-1">
        <h2 className="font-semibold">{t("Explore a demo")}</h2>
        <p className="text-muted">
          {t("A workspace of its own with an agent, a prompt, a dataset, and a workflow with some executions: done, failed, and waiting for you.")}
        </p>
      </div>
      {demo.data === null ? (
        <Button disabled={make.isPending} onClick={() => make.mutate()}>
          {make.isPending ? t("It is being made …") : t("Make the demo")}
        </Button>
      ) : (
        <span className="flex gap-2">
          {demo.data !== uuid && <Button onClick={() => demo.data && openWorkspace(demo.data)}>{t("Open the demo")}</Button>}
          <Button kind="danger" onClick={() => setDeleting(true)}>
            <Trash2 aria-hidden /> {t("Delete the demo")}
          </Button>
        </span>
      )}
      {make.isError && <Failure error={make.error} className="w-full" />}
      {isDeleting && (
        <Confirm title={t("Delete the demo?")} action={t("Delete")} onConfirm={remove} onClose={() => setDeleting(false)}>
          {t("The workspace and all that is in it are gone for good, also what you added.")}
        </Confirm>
      )}
    </section>
  );
}
