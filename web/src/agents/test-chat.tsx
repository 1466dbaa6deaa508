/** A chat with an agent as it is saved, beside its form. It is a thread like others, that is begun anew at will. */
import { useInfiniteQuery, useMutation, useQueryClient } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { MessageCircle, RotateCcw } from "lucide-react";
import { useCallback, useMemo, useState } from "react";

import { api, type Message } from "@/api/client";
import { messagesQuery } from "@/api/queries";
import { Composer } from "@/chat/composer";
import type { MessageActions } from "@/chat/message";
import { MessageList } from "@/chat/message-list";
import { sending, useSend } from "@/chat/sending";
import { branch } from "@/chat/tree";
import { useUploads } from "@/chat/uploads";
import { t } from "@/i18n";
import { useWorkspace } from "@/shell/workspace";
import { Button } from "@/ui/button";
import { cn } from "@/ui/classes";
import { Empty, Failure, Spinner } from "@/ui/state";
import { notifyFailure } from "@/ui/toasts";

const route = getRouteApi("/w/$workspace/agents/$agent");

/** The chat on a page of its own, for small windows. */
export function TestPage() {
  return <TestChat agent={route.useParams().agent} className="h-[calc(100dvh-13rem)] min-h-96" />;
}

interface TestChatProps {
  agent: string;
  /** Whether the form has changes that the answers do not know yet. */
  isOutdated?: boolean;
  className?: string;
}

export function TestChat({ agent, isOutdated = false, className }: TestChatProps) {
  const key = `athena.test.${agent}`;
  const [thread, setThread] = useState(() => sessionStorage.getItem(key) ?? undefined);
  const keep = useCallback(
    (kept: string | undefined) => {
      if (kept === undefined) sessionStorage.removeItem(key);
      else sessionStorage.setItem(key, kept);
      setThread(kept);
    },
    [key],
  );
  return (
    <section aria-label={t("Test chat")} className={cn("flex min-h-0 flex-col overflow-hidden rounded-xl border", className)}>
      <header className="flex items-center gap-2 border-b bg-panel py-1 ps-4 pe-1">
        <h2 className="min-w-0 flex-1 truncate font-medium">{t("Test chat")}</h2>
        <Button kind="ghost" className="h-8" disabled={thread === undefined} onClick={() => keep(undefined)}>
          <RotateCcw aria-hidden /> {t("Begin anew")}
        </Button>
      </header>
      {isOutdated && <p className="border-b bg-warning-soft px-4 py-2 text-warning">{t("It answers as saved. Save your changes to try them.")}</p>}
      <Conversation key={thread} agent={agent} thread={thread} onSent={keep} onGone={() => keep(undefined)} />
    </section>
  );
}

interface ConversationProps {
  agent: string;
  thread: string | undefined;
  onSent: (thread: string) => void;
  onGone: () => void;
}

function Conversation({ agent, thread, onSent, onGone }: ConversationProps) {
  const workspace = useWorkspace();
  const uploads = useUploads();
  const [at, setAt] = useState<string | null>(null);
  const said = useCallback(
    (uuid: string) => {
      setAt(null);
      onSent(uuid);
    },
    [onSent],
  );
  const send = useSend(thread, { agent, model: null }, { name: t("Test chat"), onSent: said });
  const messages = useInfiniteQuery({ ...messagesQuery(workspace.uuid, thread ?? ""), enabled: thread !== undefined });
  const steps = useMemo(
    () => branch((messages.data?.pages.flatMap((page) => page.data) ?? []).toReversed(), at),
    [messages.data, at],
  );
  const pending = steps.findLast(({ message }) => message.status === "pending")?.message;
  const actions = useActions(thread, send.mutate, setAt);
  const stop = useMutation({
    mutationFn: (run: string) =>
      api.POST("/api/v1/runs/{run_uuid}/cancel", { params: { path: { run_uuid: run }, query: { workspace_uuid: workspace.uuid } } }),
    onError: notifyFailure,
  });
  if (messages.isError) return <Failure error={messages.error} onRetry={onGone} className="m-4" />;
  return (
    <>
      {thread !== undefined && messages.isPending ? (
        <Spinner className="m-auto" />
      ) : thread === undefined && !send.isPending ? (
        <div className="m-auto">
          <Empty icon={<MessageCircle aria-hidden />} title={t("Try the agent")}>
            {t("Say what its users would say, and see how it answers.")}
          </Empty>
        </div>
      ) : (
        <MessageList
          steps={steps}
          said={send.isPending ? (send.variables.said?.text ?? null) : null}
          canSpeak={!send.isPending}
          actions={actions}
          onTop={messages.hasNextPage && !messages.isFetchingNextPage ? () => void messages.fetchNextPage() : null}
        />
      )}
      <div className="p-3 pt-0">
        {send.isError && <Failure error={send.error} className="mb-2" />}
        <Composer
          draftKey={`test/${agent}`}
          uploads={uploads}
          isSending={send.isPending}
          onSend={(given) => send.mutateAsync(sending(given, steps.at(-1)?.message.uuid))}
          onStop={pending?.run_uuid ? () => stop.mutate(pending.run_uuid as string) : null}
          isDisabled={thread !== undefined && messages.isPending}
          isMain={false}
        >
          {null}
        </Composer>
      </div>
    </>
  );
}

function useActions(thread: string | undefined, send: ReturnType<typeof useSend>["mutate"], show: (uuid: string) => void): MessageActions {
  const { uuid } = useWorkspace();
  const client = useQueryClient();
  const ended = useCallback(
    () => void client.invalidateQueries({ queryKey: ["messages", uuid, thread] }),
    [client, uuid, thread],
  );
  return useMemo(
    () => ({
      regenerate: (message: Message) => send(sending(null, message.parent_uuid)),
      edit: (message: Message, text: string) => send(sending({ text, media: [] }, message.parent_uuid)),
      show,
      ended,
    }),
    [send, show, ended],
  );
}
