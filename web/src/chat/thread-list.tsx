import { useInfiniteQuery, useMutation, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { Ellipsis, Pencil, Trash2, X } from "lucide-react";
import { useDeferredValue, useEffect, useRef, useState, type FormEvent } from "react";

import { api, type Thread } from "@/api/client";
import { threadsQuery } from "@/api/queries";
import { formatMoment } from "@/format";
import { t } from "@/i18n";
import { useWorkspace } from "@/shell/workspace";
import { Button, IconButton } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Field } from "@/ui/field";
import { Menu, MenuItem } from "@/ui/menu";
import { Failure, Spinner } from "@/ui/state";

import { byTime } from "./groups";
import { nameOf } from "./sending";

export function ThreadList() {
  const workspace = useWorkspace();
  const [search, setSearch] = useState("");
  const wanted = useDeferredValue(search.trim());
  const threads = useInfiniteQuery(threadsQuery(workspace.uuid, wanted));
  const [now] = useState(() => new Date());
  const groups = byTime(threads.data?.pages.flatMap((page) => page.data) ?? [], now);
  const bottom = useRef<HTMLDivElement>(null);
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = threads;

  useEffect(() => {
    if (!bottom.current || !hasNextPage || isFetchingNextPage) return undefined;
    const observer = new IntersectionObserver((entries) => {
      if (entries.some((entry) => entry.isIntersecting)) void fetchNextPage();
    });
    observer.observe(bottom.current);
    return () => observer.disconnect();
  }, [hasNextPage, isFetchingNextPage, fetchNextPage]);

  return (
    <nav aria-label={t("Chats")} className="mt-2 flex min-h-0 flex-1 flex-col">
      <div className="relative px-1">
        <input
          type="search"
          aria-label={t("Search chats")}
          placeholder={t("Search chats")}
          value={search}
          onChange={(event) => setSearch(event.target.value)}
          className="h-8 w-full rounded-lg border border-strong-line bg-canvas ps-2.5 pe-8 placeholder:text-muted [&::-webkit-search-cancel-button]:hidden"
        />
        {search && (
          <IconButton label={t("Show all chats")} onClick={() => setSearch("")} className="absolute end-2 top-1 size-6">
            <X />
          </IconButton>
        )}
      </div>
      <div className="-mx-2 mt-1 min-h-0 flex-1 overflow-y-auto px-2">
        {threads.isPending && <Spinner className="p-3" />}
        {threads.isError && <Failure error={threads.error} onRetry={() => void threads.refetch()} className="mt-2" />}
        {threads.isSuccess && groups.length === 0 && (
          <p className="px-2 py-4 text-muted">
            {wanted ? t("No chat has this in its name.") : t("Your chats will be listed here. Write a message to begin one.")}
          </p>
        )}
        {groups.map((group) => (
          <section key={group.title} aria-label={titleOf(group.title)}>
            <h2 className="px-2 pt-3 pb-1 text-xs font-medium text-muted">{titleOf(group.title)}</h2>
            <ul>
              {group.items.map((thread) => (
                <ThreadRow key={thread.uuid} thread={thread} />
              ))}
            </ul>
          </section>
        ))}
        <div ref={bottom} className="h-4">
          {isFetchingNextPage && <Spinner className="px-2" />}
        </div>
      </div>
    </nav>
  );
}

function titleOf(title: string): string {
  if (!/^\d{4}-\d{2}$/.test(title)) return t(title);
  return formatMoment(`${title}-15`, { month: "long", year: "numeric" });
}

type Asked = "rename" | "delete" | null;

function ThreadRow({ thread }: { thread: Thread }) {
  const workspace = useWorkspace();
  const [asked, setAsked] = useState<Asked>(null);
  const trigger = (
    <IconButton
      label={t("More about {name}", { name: thread.name })}
      className="absolute end-1 top-1 size-6 opacity-0 group-focus-within:opacity-100 group-hover:opacity-100 data-[state=open]:opacity-100 pointer-coarse:opacity-100"
    >
      <Ellipsis />
    </IconButton>
  );
  return (
    <li className="group relative">
      <Link
        to="/w/$workspace/chat/$thread"
        params={{ workspace: workspace.uuid, thread: thread.uuid }}
        title={nameOf(thread.name)}
        dir="auto"
        className="block h-8 truncate rounded-lg ps-2 pe-8 leading-8 hover:bg-hover"
        activeProps={{ className: "bg-hover font-medium", "aria-current": "page" }}
      >
        {nameOf(thread.name)}
      </Link>
      {workspace.may("threads.update") && (
        <Menu trigger={trigger} align="end" className="min-w-40">
          <MenuItem onSelect={() => setAsked("rename")}>
            <Pencil aria-hidden />
            {t("Rename")}
          </MenuItem>
          {workspace.may("threads.delete") && (
            <MenuItem onSelect={() => setAsked("delete")} className="text-danger">
              <Trash2 aria-hidden />
              {t("Delete")}
            </MenuItem>
          )}
        </Menu>
      )}
      {asked === "rename" && <RenameDialog thread={thread} onClose={() => setAsked(null)} />}
      {asked === "delete" && <DeleteDialog thread={thread} onClose={() => setAsked(null)} />}
    </li>
  );
}

interface ThreadDialogProps {
  thread: Thread;
  onClose: () => void;
}

function RenameDialog({ thread, onClose }: ThreadDialogProps) {
  const workspace = useWorkspace();
  const client = useQueryClient();
  const [name, setName] = useState(thread.name);
  const rename = useMutation({
    mutationFn: () =>
      api.PUT("/api/v1/threads/{thread_uuid}", {
        params: { path: { thread_uuid: thread.uuid }, query: { workspace_uuid: workspace.uuid } },
        body: { name: name.trim() },
      }),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: ["threads"] });
      void client.invalidateQueries({ queryKey: ["thread", workspace.uuid, thread.uuid] });
      onClose();
    },
  });
  const onSubmit = (event: FormEvent): void => {
    event.preventDefault();
    rename.mutate();
  };
  return (
    <Dialog title={t("Rename this chat")} onClose={onClose}>
      <form onSubmit={onSubmit} className="grid gap-4">
        {rename.isError && <Failure error={rename.error} />}
        <Field label={t("Name")} required maxLength={255} autoFocus value={name} onChange={(event) => setName(event.target.value)} />
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>{t("Cancel")}</Button>
          <Button type="submit" kind="primary" disabled={rename.isPending || !name.trim()}>
            {t("Rename")}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

function DeleteDialog({ thread, onClose }: ThreadDialogProps) {
  const workspace = useWorkspace();
  const client = useQueryClient();
  const navigate = useNavigate();
  const shown = useParams({ strict: false }).thread;
  const remove = useMutation({
    mutationFn: () =>
      api.DELETE("/api/v1/threads/{thread_uuid}", {
        params: { path: { thread_uuid: thread.uuid }, query: { workspace_uuid: workspace.uuid } },
      }),
    onSuccess: async () => {
      if (shown === thread.uuid) await navigate({ to: "/w/$workspace/chat", params: { workspace: workspace.uuid } });
      void client.invalidateQueries({ queryKey: ["threads"] });
      onClose();
    },
  });
  return (
    <Dialog title={t("Delete this chat?")} onClose={onClose}>
      <div className="grid gap-4">
        {remove.isError && <Failure error={remove.error} />}
        <p>{t("“{name}” and all its messages will be gone for good.", { name: thread.name })}</p>
        <div className="flex justify-end gap-2">
          <Button onClick={onClose} autoFocus>
            {t("Cancel")}
          </Button>
          <Button kind="danger" onClick={() => remove.mutate()} disabled={remove.isPending}>
            {t("Delete")}
          </Button>
        </div>
      </div>
    </Dialog>
  );
}

