import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { Paperclip, Sparkles } from "lucide-react";
import { useCallback, useEffect, useMemo, useState, type DragEvent } from "react";
import { createPortal } from "react-dom";

import { api, type Message } from "@/api/client";
import { agentsQuery, messagesQuery, threadQuery } from "@/api/queries";
import { t } from "@/i18n";
import { useShell } from "@/shell/shell-context";
import { useWorkspace } from "@/shell/workspace";
import { NextSteps } from "@/start/next-steps";
import { Empty, Failure, Spinner } from "@/ui/state";
import { notifyFailure } from "@/ui/toasts";

import { Composer } from "./composer";
import type { MessageActions } from "./message";
import { MessageList } from "./message-list";
import { Pickers } from "./pickers";
import { DEFAULT_NAME, nameOf, sending, useSend, type Speakers } from "./sending";
import { branch } from "./tree";
import { useUploads } from "./uploads";

const LAST_AGENT = "athena.agent";

/** A thread, or the place where a new one begins. */
export function ChatPage() {
  const { thread } = useParams({ strict: false });
  const workspace = useWorkspace();
  return <Chat key={`${workspace.uuid}/${thread ?? ""}`} thread={thread} />;
}

function Chat({ thread }: { thread: string | undefined }) {
  const workspace = useWorkspace();
  const { at } = useSearch({ strict: false });
  const { speakers, change } = useSpeakers(thread);
  const send = useSend(thread, speakers);
  const uploads = useUploads();
  const [isDropping, setDropping] = useState(false);
  const messages = useInfiniteQuery({
    ...messagesQuery(workspace.uuid, thread ?? ""),
    enabled: thread !== undefined,
  });
  const steps = useMemo(
    () => branch((messages.data?.pages.flatMap((page) => page.data) ?? []).toReversed(), at ?? null),
    [messages.data, at],
  );
  const pending = steps.findLast(({ message }) => message.status === "pending")?.message;
  const actions = useMessageActions(thread, send.mutate);
  useNaming(thread, steps.at(-1)?.message);
  const stop = useMutation({
    mutationFn: (run: string) =>
      api.POST("/api/v1/runs/{run_uuid}/cancel", {
        params: { path: { run_uuid: run }, query: { workspace_uuid: workspace.uuid } },
      }),
    onError: notifyFailure,
  });
  const mayRun = workspace.may("threads.run") && (thread !== undefined || workspace.may("threads.create"));
  const isNew = thread === undefined && !send.isPending;

  const onDrop = (event: DragEvent): void => {
    event.preventDefault();
    setDropping(false);
    uploads.add(event.dataTransfer.files);
  };
  if (messages.isError) {
    return <Failure error={messages.error} onRetry={() => void messages.refetch()} className="m-auto w-full max-w-md" />;
  }
  return (
    <div
      className="relative flex min-h-0 flex-1 flex-col"
      onDragOver={(event) => {
        if (!mayRun || !event.dataTransfer.types.includes("Files")) return;
        event.preventDefault();
        setDropping(true);
      }}
      onDragLeave={(event) => {
        if (!event.currentTarget.contains(event.relatedTarget as Node | null)) setDropping(false);
      }}
      onDrop={onDrop}
    >
      <Title thread={thread} />
      {thread !== undefined && messages.isPending ? (
        <Spinner className="m-auto" />
      ) : isNew ? (
        <Welcome />
      ) : (
        <MessageList
          steps={steps}
          said={send.isPending ? (send.variables.said?.text ?? null) : null}
          canSpeak={mayRun && !send.isPending}
          actions={actions}
          onTop={messages.hasNextPage && !messages.isFetchingNextPage ? () => void messages.fetchNextPage() : null}
        />
      )}
      <div className="mx-auto w-full max-w-3xl px-3 pb-3 md:px-4 md:pb-4">
        {send.isError && <Failure error={send.error} className="mb-2" />}
        {mayRun ? (
          <Composer
            draftKey={`${workspace.uuid}/${thread ?? ""}`}
            uploads={uploads}
            isSending={send.isPending}
            onSend={(said) => send.mutateAsync(sending(said, steps.at(-1)?.message.uuid))}
            onStop={pending?.run_uuid ? () => stop.mutate(pending.run_uuid as string) : null}
            isDisabled={thread !== undefined && messages.isPending}
          >
            <Pickers speakers={speakers} onChange={change} isDisabled={thread !== undefined && !workspace.may("threads.update")} />
          </Composer>
        ) : (
          <p className="rounded-xl border p-3 text-center text-muted">{t("Your role here lets you read, but not write.")}</p>
        )}
      </div>
      {isDropping && (
        <div className="pointer-events-none absolute inset-2 z-10 flex items-center justify-center rounded-2xl border-2 border-dashed border-accent bg-accent-soft/90">
          <p className="flex items-center gap-2 text-base font-medium text-accent-ink">
            <Paperclip className="size-5" aria-hidden />
            {t("Drop the files to attach them")}
          </p>
        </div>
      )}
    </div>
  );
}

function Title({ thread }: { thread: string | undefined }) {
  const workspace = useWorkspace();
  const found = useQuery({ ...threadQuery(workspace.uuid, thread ?? ""), enabled: thread !== undefined });
  const { titlePlace } = useShell();
  const name = thread === undefined ? t("New chat") : nameOf(found.data?.name ?? "");
  return (
    <header className="sr-only items-center border-b px-4 md:not-sr-only md:flex md:h-11 md:shrink-0 md:px-4">
      <title>{`${name} · Athena`}</title>
      <h1 className="truncate font-medium" dir="auto">
        {name}
      </h1>
      {titlePlace && createPortal(name, titlePlace)}
    </header>
  );
}

function Welcome() {
  return (
    <div className="m-auto px-4">
      <Empty icon={<Sparkles className="text-accent-ink" aria-hidden />} title={t("What can I do for you?")}>
        {t("Write a message below. Choose who answers beside it.")}
      </Empty>
      <NextSteps />
    </div>
  );
}

/** Who answers: kept with the thread, or chosen for the one that is about to begin. */
function useSpeakers(thread: string | undefined) {
  const workspace = useWorkspace();
  const client = useQueryClient();
  const agents = useQuery(agentsQuery(workspace.uuid));
  const found = useQuery({ ...threadQuery(workspace.uuid, thread ?? ""), enabled: thread !== undefined });
  const [chosen, setChosen] = useState<Partial<Speakers>>({});
  const kept: Speakers = found.data
    ? { agent: found.data.agent_uuid, model: found.data.metadata.model ?? null }
    : { agent: thread === undefined ? firstAgent(agents.data ?? [], workspace.uuid) : null, model: null };
  const speakers = { ...kept, ...chosen };
  const save = useMutation({
    mutationFn: (changes: Partial<Speakers>) =>
      api.PUT("/api/v1/threads/{thread_uuid}", {
        params: { path: { thread_uuid: thread ?? "" }, query: { workspace_uuid: workspace.uuid } },
        body: {
          ...(changes.agent === undefined ? {} : { agent_uuid: changes.agent }),
          ...(changes.model === undefined ? {} : { metadata: { model: changes.model } }),
        },
      }),
    onError: (error) => {
      setChosen({});
      notifyFailure(error);
    },
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ["thread", workspace.uuid, thread] });
      setChosen({});
    },
  });
  const change = (changes: Partial<Speakers>): void => {
    setChosen((before) => ({ ...before, ...changes }));
    if (changes.agent) localStorage.setItem(`${LAST_AGENT}.${workspace.uuid}`, changes.agent);
    if (thread !== undefined) save.mutate(changes);
  };
  return { speakers, change };
}

/** The agent that was chosen last in this workspace, as long as it is there. */
function firstAgent(agents: readonly { uuid: string }[], workspace: string): string | null {
  const last = localStorage.getItem(`${LAST_AGENT}.${workspace}`);
  return (agents.find((each) => each.uuid === last) ?? agents[0])?.uuid ?? null;
}

const named = new Set<string>();

/** Gives a thread that has none a name, once it has an answer. */
function useNaming(thread: string | undefined, last: Message | undefined): void {
  const workspace = useWorkspace();
  const client = useQueryClient();
  const found = useQuery({ ...threadQuery(workspace.uuid, thread ?? ""), enabled: thread !== undefined });
  const isAnswered = last?.role === "assistant" && last.status === "completed";
  const isWanted = isAnswered && found.data?.name === DEFAULT_NAME && workspace.may("threads.update");
  useEffect(() => {
    if (!isWanted || thread === undefined || named.has(thread)) return;
    named.add(thread);
    const params = { path: { thread_uuid: thread }, query: { workspace_uuid: workspace.uuid } };
    api.POST("/api/v1/threads/{thread_uuid}/generate-name", { params }).then(
      () => {
        void client.invalidateQueries({ queryKey: ["thread", workspace.uuid, thread] });
        void client.invalidateQueries({ queryKey: ["threads"] });
      },
      // It keeps the name that it has; nothing is lost by that.
      () => undefined,
    );
  }, [isWanted, thread, workspace.uuid, client]);
}

function useMessageActions(thread: string | undefined, send: ReturnType<typeof useSend>["mutate"]): MessageActions {
  const workspace = useWorkspace();
  const client = useQueryClient();
  const navigate = useNavigate();
  const ended = useCallback(() => {
    void client.invalidateQueries({ queryKey: ["messages", workspace.uuid, thread] });
    void client.invalidateQueries({ queryKey: ["threads"] });
  }, [thread, workspace.uuid, client]);
  return useMemo(
    () => ({
      regenerate: (message: Message) => send(sending(null, message.parent_uuid)),
      edit: (message: Message, text: string) => send(sending({ text, media: mediaOf(message) }, message.parent_uuid)),
      show: (uuid: string) =>
        void navigate({
          to: "/w/$workspace/chat/$thread",
          params: { workspace: workspace.uuid, thread: thread ?? "" },
          search: { at: uuid },
        }),
      ended,
    }),
    [send, navigate, workspace.uuid, thread, ended],
  );
}

function mediaOf(message: Message): { uuid: string; name: string }[] {
  return (message.attachments ?? []).map((each) => ({ uuid: each.media.uuid, name: each.name }));
}
