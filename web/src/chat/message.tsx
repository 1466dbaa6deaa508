import { useMutation, useQueryClient } from "@tanstack/react-query";
import { ChevronLeft, ChevronRight, Copy, FileText, ListPlus, Pencil, RefreshCw, ThumbsDown, ThumbsUp, WifiOff } from "lucide-react";
import { lazy, memo, Suspense, useEffect, useState, type FormEvent, type ReactNode } from "react";

import { api, localAddress, type Message } from "@/api/client";
import { formatCost, formatNumber, formatTime } from "@/format";
import { t } from "@/i18n";
import { Markdown } from "@/markdown/markdown";
import { useWorkspace } from "@/shell/workspace";
import { Button, IconButton } from "@/ui/button";
import { copyText } from "@/ui/clipboard";
import { cn } from "@/ui/classes";
import { TextArea } from "@/ui/field";
import { Spinner } from "@/ui/state";
import { notifyFailure } from "@/ui/toasts";

import { isOver, piecesOf, plainText, type Piece, type Source } from "./answer";
import { useLive } from "./live";
import { Sources } from "./sources";
import { ToolCallView } from "./tool-call";

const FromMessage = lazy(() => import("@/datasets/from-message"));

export interface MessageActions {
  /** Has the message that this one answers answered anew. */
  regenerate: (message: Message) => void;
  edit: (message: Message, text: string) => void;
  /** Shows the branch of another message beside this one. */
  show: (uuid: string) => void;
  /** Told once when an answer has come to its end. */
  ended: () => void;
}

interface MessageViewProps {
  message: Message;
  siblings: string;
  /** Whether messages can be added here, by this user, now. */
  canSpeak: boolean;
  actions: MessageActions;
}

/** One message. `siblings` are uuids, separated by spaces, so that an unchanged message is not rendered again. */
export const MessageView = memo(function MessageView({ message, siblings, canSpeak, actions }: MessageViewProps) {
  const beside = siblings.split(" ");
  const branches = beside.length > 1 && (
    <Branches position={beside.indexOf(message.uuid)} uuids={beside} onShow={actions.show} />
  );
  return message.role === "user" ? (
    <UserMessage message={message} canSpeak={canSpeak} actions={actions} branches={branches} />
  ) : (
    <AgentMessage message={message} canSpeak={canSpeak} actions={actions} branches={branches} />
  );
});

const FAR_AWAY = "[contain-intrinsic-size:auto_160px] [content-visibility:auto]";
const ROW = "flex min-h-8 flex-wrap items-center gap-0.5 text-muted";

interface BranchesProps {
  position: number;
  uuids: readonly string[];
  onShow: (uuid: string) => void;
}

function Branches({ position, uuids, onShow }: BranchesProps) {
  const [before, after] = [uuids[position - 1], uuids[position + 1]];
  return (
    <span className="flex items-center tabular-nums" role="group" aria-label={t("Branches")}>
      <IconButton label={t("The branch before")} disabled={!before} onClick={() => before && onShow(before)} className="size-7">
        <ChevronLeft />
      </IconButton>
      <span className="text-xs">
        {position + 1}/{uuids.length}
      </span>
      <IconButton label={t("The next branch")} disabled={!after} onClick={() => after && onShow(after)} className="size-7">
        <ChevronRight />
      </IconButton>
    </span>
  );
}

interface PartProps extends Omit<MessageViewProps, "siblings"> {
  branches: ReactNode;
}

function UserMessage({ message, canSpeak, actions, branches }: PartProps) {
  const [isEditing, setEditing] = useState(false);
  const text = plainText(piecesOf(message.content));
  if (isEditing) {
    return (
      <Editing
        text={text}
        onCancel={() => setEditing(false)}
        onDone={(edited) => {
          setEditing(false);
          actions.edit(message, edited);
        }}
      />
    );
  }
  return (
    <article aria-label={t("You said")} className={cn("group flex flex-col items-end gap-1", FAR_AWAY)}>
      {(message.attachments?.length ?? 0) > 0 && (
        <ul className="flex flex-wrap justify-end gap-2" aria-label={t("Attachments")}>
          {message.attachments?.map((each) => (
            <li key={each.uuid}>
              <AttachmentView name={each.name} type={each.media.mime_type} address={localAddress(each.media.url)} />
            </li>
          ))}
        </ul>
      )}
      {text && (
        <p dir="auto" className="max-w-[85%] rounded-2xl bg-hover px-4 py-2.5 text-[15px] break-words whitespace-pre-wrap">
          {text}
        </p>
      )}
      <div className={cn(ROW, "-mb-2 justify-end")}>
        <span className="flex opacity-0 transition-opacity group-focus-within:opacity-100 group-hover:opacity-100 pointer-coarse:opacity-100">
          <CopyButton text={text} />
          {canSpeak && (
            <IconButton label={t("Edit as a new branch")} onClick={() => setEditing(true)}>
              <Pencil />
            </IconButton>
          )}
        </span>
        {branches}
      </div>
    </article>
  );
}

function AttachmentView({ name, type, address }: { name: string; type: string; address: string }) {
  if (type.startsWith("image/")) {
    return (
      <a href={address} target="_blank" rel="noreferrer">
        <img src={address} alt={name} className="max-h-60 max-w-64 rounded-xl border object-contain" />
      </a>
    );
  }
  return (
    <a href={address} className="flex items-center gap-2 rounded-lg border bg-panel px-3 py-2 hover:bg-hover">
      <FileText className="size-4 shrink-0" aria-hidden />
      <span className="max-w-56 truncate">{name}</span>
    </a>
  );
}

interface EditingProps {
  text: string;
  onCancel: () => void;
  onDone: (text: string) => void;
}

function Editing({ text, onCancel, onDone }: EditingProps) {
  const [edited, setEdited] = useState(text);
  const onSubmit = (event: FormEvent): void => {
    event.preventDefault();
    if (edited.trim()) onDone(edited);
  };
  return (
    <form onSubmit={onSubmit} className="grid gap-2" aria-label={t("Edit as a new branch")}>
      <TextArea
        aria-label={t("Message")}
        autoFocus
        dir="auto"
        rows={Math.min(12, edited.split("\n").length + 1)}
        value={edited}
        onChange={(event) => setEdited(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === "Escape") onCancel();
          if (event.key === "Enter" && (event.metaKey || event.ctrlKey)) onSubmit(event);
        }}
        className="rounded-xl text-[15px]"
      />
      <div className="flex items-center justify-end gap-2">
        <span className="me-auto text-xs text-muted">{t("What was said before stays, as a branch of its own.")}</span>
        <Button onClick={onCancel}>{t("Cancel")}</Button>
        <Button type="submit" kind="primary" disabled={!edited.trim()}>
          {t("Send")}
        </Button>
      </div>
    </form>
  );
}

function AgentMessage({ message, canSpeak, actions, branches }: PartProps) {
  if (message.status === "pending" && message.run_uuid) {
    return <LiveMessage message={message} run={message.run_uuid} actions={actions} branches={branches} />;
  }
  const pieces = piecesOf(message.content);
  const text = plainText(pieces);
  const sources = (message.metadata["sources"] ?? []) as Source[];
  return (
    <article aria-label={t("Answer")} className={cn("group grid min-w-0 gap-2", FAR_AWAY)}>
      <Pieces pieces={pieces} isGrowing={false} />
      {message.status === "cancelled" && <p className="text-muted">{t("The answer was stopped here.")}</p>}
      {message.error && <RunError error={message.error} run={message.run_uuid} />}
      <Sources sources={sources} />
      <div className={ROW}>
        {branches}
        {text && <CopyButton text={text} />}
        {canSpeak && message.parent_uuid && (
          <IconButton label={t("Answer anew")} onClick={() => actions.regenerate(message)}>
            <RefreshCw />
          </IconButton>
        )}
        {message.status === "completed" && <Rating message={message} />}
        {message.status === "completed" && text && <IntoDataset message={message} />}
        <Facts message={message} />
      </div>
    </article>
  );
}

function Pieces({ pieces, isGrowing }: { pieces: readonly Piece[]; isGrowing: boolean }) {
  return pieces.map((piece, at) =>
    piece.kind === "text" ? (
      <Markdown key={at} text={piece.text} isGrowing={isGrowing && at === pieces.length - 1} />
    ) : (
      <ToolCallView key={piece.id} call={piece} />
    ),
  );
}

function RunError({ error, run }: { error: { code: string; message: string }; run: string | null }) {
  return (
    <div role="alert" className="rounded-lg bg-danger-soft p-3 text-danger">
      <p className="break-words">{error.message}</p>
      <p className="mt-0.5 text-xs">
        {t("Run")} <code className="break-all select-all">{run}</code> · <code>{error.code}</code>
      </p>
    </div>
  );
}

interface LiveMessageProps {
  message: Message;
  run: string;
  actions: MessageActions;
  branches: ReactNode;
}

/** An answer that is being written. */
function LiveMessage({ message, run, actions, branches }: LiveMessageProps) {
  const workspace = useWorkspace();
  const { answer, isLost } = useLive(workspace.uuid, run);
  const over = isOver(answer);
  const { ended } = actions;
  useEffect(() => {
    if (over) ended();
  }, [over, ended]);
  const last = answer.pieces.at(-1);
  const isThinking = !over && answer.state !== "waiting" && last?.kind !== "text";
  return (
    <article aria-label={t("Answer")} aria-busy={!over} className="grid min-w-0 gap-2" data-message={message.uuid}>
      <Pieces pieces={answer.pieces} isGrowing={!over} />
      {isThinking && <Spinner label={answer.activity ? t(answer.activity) : t("Thinking")} />}
      {isLost && (
        <p role="status" className="flex items-center gap-2 text-warning">
          <WifiOff className="size-4" aria-hidden />
          {t("The connection is lost. The answer goes on, and comes as soon as Athena is reached again.")}
        </p>
      )}
      {answer.error && <RunError error={answer.error} run={run} />}
      <div className={ROW}>{branches}</div>
    </article>
  );
}

function CopyButton({ text }: { text: string }) {
  const [isDone, setDone] = useState(false);
  const copy = (): void => {
    copyText(text).then(() => {
      setDone(true);
      setTimeout(() => setDone(false), 1_500);
    }, notifyFailure);
  };
  return (
    <IconButton label={isDone ? t("Copied") : t("Copy")} onClick={copy} className={cn(isDone && "text-success")}>
      <Copy />
    </IconButton>
  );
}

function Rating({ message }: { message: Message }) {
  const workspace = useWorkspace();
  const client = useQueryClient();
  const [rating, setRating] = useState(message.feedback?.rating ?? null);
  const rate = useMutation({
    mutationFn: (wanted: -1 | 1 | null) =>
      api.PUT("/api/v1/messages/{message_uuid}", {
        params: { path: { message_uuid: message.uuid }, query: { workspace_uuid: workspace.uuid } },
        body: { feedback: wanted && { rating: wanted } },
      }),
    // Shown at once, and taken back when it did not hold.
    onMutate: (wanted) => setRating(wanted),
    onError: (error) => {
      setRating(message.feedback?.rating ?? null);
      notifyFailure(error);
    },
    onSettled: () => client.invalidateQueries({ queryKey: ["messages", workspace.uuid, message.thread_uuid] }),
  });
  if (!workspace.may("messages.update")) return null;
  const button = (value: -1 | 1, label: string, icon: ReactNode) => (
    <IconButton
      label={label}
      aria-pressed={rating === value}
      onClick={() => rate.mutate(rating === value ? null : value)}
      className={cn(rating === value && "text-accent-ink [&_svg]:fill-current")}
    >
      {icon}
    </IconButton>
  );
  return (
    <>
      {button(1, t("A good answer"), <ThumbsUp />)}
      {button(-1, t("A bad answer"), <ThumbsDown />)}
    </>
  );
}

/** Takes the answer as a case by which agents are evaluated. */
function IntoDataset({ message }: { message: Message }) {
  const { may } = useWorkspace();
  const [isOpen, setOpen] = useState(false);
  if (!may("datasets.update")) return null;
  return (
    <>
      <IconButton label={t("Into a dataset")} onClick={() => setOpen(true)}>
        <ListPlus />
      </IconButton>
      {isOpen && (
        <Suspense>
          <FromMessage message={message} onClose={() => setOpen(false)} />
        </Suspense>
      )}
    </>
  );
}

/** What it took. */
function Facts({ message: { usage, model, created_at } }: { message: Message }) {
  const tokens = usage ? (usage.input_tokens ?? 0) + (usage.output_tokens ?? 0) : null;
  const facts = [
    model,
    tokens === null ? null : t("{count} tokens", { count: formatNumber(tokens) }),
    usage?.cost === null || usage?.cost === undefined ? null : formatCost(usage.cost),
  ].filter((fact) => fact !== null);
  return (
    <span className="ms-1 text-xs" title={formatTime(created_at)}>
      {facts.join(" · ")}
    </span>
  );
}
