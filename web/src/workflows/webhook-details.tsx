/** The workflow's address for calls from outside, and one to try it. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Copy } from "lucide-react";

import { api, value } from "@/api/client";
import { formatTime } from "@/format";
import { t } from "@/i18n";
import { useWorkspace } from "@/shell/workspace";
import { Button, IconButton } from "@/ui/button";
import { copyText } from "@/ui/clipboard";
import { Input } from "@/ui/field";
import { Failure, Spinner } from "@/ui/state";
import { notify } from "@/ui/toasts";

import { useEditor } from "./editor-context";

const POLL_MILLISECONDS = 1_500;

export function WebhookDetails() {
  const { workflow } = useEditor();
  const { webhook } = workflow;
  if (!webhook) return <p className="text-muted">{t("No webhook trigger stands in it, or it is not saved yet.")}</p>;
  return (
    <>
      <Address label={t("Address")} url={webhook.url} />
      <p className="text-muted">
        {webhook.method} · {t("Authentication")}: {webhook.authentication}
      </p>
      {workflow.status !== "active" && <p className="text-warning">{t("While the workflow is not active, nothing is there.")}</p>}
      <Listener />
    </>
  );
}

function Address({ label, url }: { label: string; url: string }) {
  const copy = async (): Promise<void> => {
    await copyText(url);
    notify(t("Copied"));
  };
  return (
    <div className="grid gap-1.5">
      <span className="font-medium">{label}</span>
      <div className="flex items-center gap-1">
        <Input readOnly aria-label={label} value={url} className="font-mono text-xs" onFocus={(event) => event.target.select()} />
        <IconButton label={t("Copy")} onClick={() => void copy()}>
          <Copy />
        </IconButton>
      </div>
    </div>
  );
}

function Listener() {
  const { workflow, go, save } = useEditor();
  const { uuid, may } = useWorkspace();
  const client = useQueryClient();
  const params = { path: { workflow_uuid: workflow.uuid }, query: { workspace_uuid: uuid } };
  const queryKey = ["workflow", uuid, workflow.uuid, "listener"];
  const listener = useQuery({
    queryKey,
    queryFn: async ({ signal }) => (await value(api.GET("/api/v1/workflows/{workflow_uuid}/listen", { params, signal }))).data,
    refetchInterval: ({ state }) => (state.data?.listening_until ? POLL_MILLISECONDS : false),
  });
  const listen = useMutation({
    mutationFn: async () => {
      if ((await save()) === null) return null;
      return (await value(api.POST("/api/v1/workflows/{workflow_uuid}/listen", { params }))).data;
    },
    onSuccess: (data) => data && client.setQueryData(queryKey, data),
  });
  const { data } = listener;
  if (!may("workflows.run") || !data) return null;
  return (
    <section aria-label={t("Test")} className="grid gap-3 border-t pt-4">
      <h3 className="font-medium">{t("Test")}</h3>
      <Address label={t("Address for tests")} url={data.url} />
      {data.listening_until ? (
        <Spinner label={t("Waits for one request, until {time}", { time: formatTime(data.listening_until) })} />
      ) : (
        <Button className="justify-self-start" disabled={listen.isPending} onClick={() => listen.mutate()}>
          {t("Listen for a request")}
        </Button>
      )}
      {listen.isError && <Failure error={listen.error} />}
      {data.execution_uuid && (
        <Button className="justify-self-start" onClick={() => go({ run: data.execution_uuid as string })}>
          {t("Show what the last one started")}
        </Button>
      )}
    </section>
  );
}
